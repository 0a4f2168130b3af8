"""The salesperson programme of the demo: a shop with its people, four weeks of clicks, orders and settlements."""

from datetime import datetime, timedelta
from random import Random

from referrals.db import session
from referrals.demo.happenings import Happenings
from referrals.links.models import Link
from referrals.links.sharing import share, welcome
from referrals.orders.inbox import accept
from referrals.people.models import Person
from referrals.people.operations import create_person
from referrals.people.rules import SHOP_PERMISSIONS, SYSTEM
from referrals.people.shop_members import add_merchant
from referrals.settlement.balance import top_up
from referrals.settlement.runs import finish_run, settle_portion, start_run
from referrals.settlement.withdrawals import pay_withdrawal, request_withdrawal
from referrals.shops.catalogue import add_group, put_article, put_group_buy, put_product
from referrals.shops.material import put_material
from referrals.shops.models import Salesperson, Shop
from referrals.shops.operations import create_shop
from referrals.shops.rates import set_rate
from referrals.shops.salespeople import add_salesperson, change_status, put_in_group
from referrals.shops.settings import change_settings

DAYS = 28
HOST = "haohuo.example.org"
MERCHANTS = (
    ("Wei Li", "wei@demo.example.org", SHOP_PERMISSIONS),
    ("孙丽", "sunli@demo.example.org", ("manage",)),
)
# Phone, nickname, coupon code, and how often they share.
SALESPEOPLE = (
    ("+8613900002210", "小龙", "XIAOLONG", 7),
    ("+8618600000917", "", "", 5),
    ("+8613700005521", "芳芳", "FANG8", 5),
    ("+8615900003308", "阿杰", "", 3),
    ("+8613800007742", "大刘", "", 2),
)
# SKU, title, price in fen, rate of its own.
PRODUCTS = (
    ("COFFEE-GIFT", "手冲咖啡礼盒", 8800, None),
    ("COFFEE-500", "云南小粒咖啡豆 500g", 10800, None),
    ("FILTER", "陶瓷滤杯", 4500, 1500),
    ("TEA-250", "正山小种红茶 250g", 16800, None),
    ("KETTLE", "细口手冲壶", 23900, 800),
)
GROUP_BUY = ("PINTUAN-NOV", "十一月咖啡拼团", ((3, 300), (5, 800), (10, 1000)))


class ShopLife:
    """Four weeks in the life of a shop, the same at each start."""

    def __init__(self, password_hash: str, at: datetime) -> None:
        self.random = Random(2027)  # noqa: S311 - repeatable on purpose
        self.password_hash = password_hash
        self.at = at
        self.began = at - timedelta(days=DAYS)
        self.links: list[Link] = []
        self.people: list[Salesperson] = []

    def fill(self) -> None:
        """Open the shop, let the weeks go by, and leave something to do for the merchant."""
        self.shop = self.open_shop()
        self.take_people()
        self.happen = Happenings(self.shop, self.random, PRODUCTS)
        for day in range(DAYS):
            self.live(self.began + timedelta(days=day))
        self.leave_work()

    def open_shop(self) -> Shop:
        shop = create_shop("haohuo", "好货小店", "CNY", (HOST, "m.haohuo.example.org"), by=SYSTEM, at=self.began)
        shop.time_zone, shop.demo = "Asia/Shanghai", True
        for name, email, permissions in MERCHANTS:
            person = create_person(email, name, password_hash=self.password_hash, at=self.began, demo=True)
            add_merchant(person, shop.id, frozenset(permissions), by=SYSTEM, at=self.began)
        changes = {
            "programme": True,
            "applications": "reviewed",
            "refunds_after_settlement": "claw_back",
            "leaderboard": True,
            "minimum_withdrawal_minor": 1000,
            "recruitment_text": "和我们一起分享好咖啡。每一单你都有佣金。",
        }
        change_settings(shop, changes, effective_at=self.began, by=SYSTEM, at=self.began)
        for sku, title, _price, rate in PRODUCTS:
            product = put_product(
                shop, sku, title=title, url=f"https://{HOST}/products/{sku.lower()}", by=SYSTEM, at=self.began
            )
            if rate is not None:
                set_rate(shop, "product", product.id, rate, by=SYSTEM, at=self.began)
        put_article(
            shop, "pour-over", title="五分钟学会手冲", url=f"https://{HOST}/blog/pour-over", by=SYSTEM, at=self.began
        )
        put_group_buy(shop, GROUP_BUY[0], title=GROUP_BUY[1], tiers=GROUP_BUY[2], by=SYSTEM, at=self.began)
        put_material(
            shop,
            None,
            title="周末手冲",
            text="周末在家，也能喝到好咖啡。云南小粒，当周烘焙，点我的链接看看。",
            picture_url="",
            target="product:COFFEE-500",
            by=SYSTEM,
            at=self.began,
        )
        return shop

    def take_people(self) -> None:
        for place, (phone, nickname, coupon, often) in enumerate(SALESPEOPLE):
            joined = self.began + timedelta(days=2 * place)
            person = self.salesperson(phone, nickname, coupon, joined)
            self.people.append(person)
            targets = ("shop", "product:COFFEE-500", "product:COFFEE-GIFT", "article:pour-over")
            shared = [share(person, self.random.choice(targets), at=joined) for _ in range(often)]
            self.links += [welcome(person, at=joined), *shared]
        group = add_group(self.shop, "老推广员", by=SYSTEM, at=self.began)
        set_rate(self.shop, "group", group.id, 1200, by=SYSTEM, at=self.began)
        put_in_group(self.people[0], group, by=SYSTEM, at=self.began)

    def salesperson(
        self, phone: str, nickname: str, coupon: str, joined: datetime, status: str = "active"
    ) -> Salesperson:
        made = add_salesperson(
            self.shop, phone, nickname=nickname, coupon_code=coupon, status=status, by=SYSTEM, at=joined
        )
        session.get_one(Person, made.person_id).demo = True
        return made

    def live(self, day: datetime) -> None:
        """One day: buyers click, order, and get their parcels; now and then money goes in, and runs settle."""
        if (day - self.began).days % 9 == 0:
            top_up(self.shop, 12_500, note="Alipay", by=SYSTEM, at=day)
        open_links = [link for link in self.links if link.shared_at <= day]
        for _ in range(self.random.randint(2, 5)):
            moment = day + timedelta(minutes=self.random.randint(0, 1300))
            if moment < self.at:
                self.happen.click(self.random.choice(open_links), moment)
        if (day - self.began).days % 8 == 3:
            self.happen.walk_in(day + timedelta(hours=5))
            self.happen.walk_in(day + timedelta(hours=9), "fang8")
        self.happen.work_off(until=min(day + timedelta(days=1), self.at))
        self.settle(min(day + timedelta(days=1), self.at))

    def settle(self, at: datetime) -> None:
        run = start_run(self.shop, as_of=at, started_by="schedule", by=SYSTEM, at=at)
        place = None
        while (place := settle_portion(run.id, place, at=at)) is not None:
            pass
        finish_run(run.id, at=at)

    def leave_work(self) -> None:
        """What waits for the merchant: an application, withdrawals, a suspended person, by hand, a parked delivery."""
        yesterday = self.at - timedelta(days=1)
        self.salesperson("+8613500001186", "小美", "", yesterday, "applied")
        change_status(self.people[4], "suspended", reason="刷单，正在核实。", by=SYSTEM, at=yesterday)
        self.withdraw(self.people[0], 4_000, paid=True)
        self.withdraw(self.people[1], 2_500, paid=False)
        for ago in (10, 9):
            self.happen.sold_by_transfer(self.links[0], self.at - timedelta(days=ago), refunded_at=yesterday)
        for number, body in enumerate((b'{"id": 820982911946154508, "line_items": "none"}', b"not json at all")):
            accept(self.shop, "shopify", f"demo-{number}", "orders/create", body, at=yesterday)

    def withdraw(self, person: Salesperson, amount: int, *, paid: bool) -> None:
        asked = request_withdrawal(person, amount, method="Alipay", by=SYSTEM, at=self.at - timedelta(days=2))
        if paid:
            pay_withdrawal(asked, reference="20261120-01", by=SYSTEM, at=self.at - timedelta(days=1))
