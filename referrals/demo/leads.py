"""The partner programme of the demo: partners, people, half a year of leads, by the same operations as pages."""

from datetime import datetime, timedelta
from random import Random

from sqlalchemy import select, update

from referrals.db import session
from referrals.leads import conversation
from referrals.leads.assignment import add_rule, get_rep
from referrals.leads.catalogue import get_product, programme
from referrals.leads.models import Lead, LeadConflict
from referrals.leads.operations import Submission, change_status, record_payout, submit_lead
from referrals.leads.ownership import decide
from referrals.outbox.models import Notification, OutboxMessage
from referrals.partners.models import Partner
from referrals.partners.operations import create_partner
from referrals.people.models import Person
from referrals.people.operations import add_partner_member, add_staff, create_person, make_representative
from referrals.people.queries import active_memberships, actor_of
from referrals.people.rules import PERMISSIONS, SYSTEM, Actor

DAYS = 170
STAFF = (
    ("admin", "Mira Castell", "admin@demo.example.org", "", ""),
    ("rep", "Rita Romero", "rita@demo.example.org", "+34600123456", "https://book.example.org/rita"),
    ("rep", "Tom Bell", "tom@demo.example.org", "+442079460018", "https://book.example.org/tom"),
    ("rep", "陈小芳", "fang@demo.example.org", "+8613800138000", ""),
)
PARTNERS = (
    (
        "Studio Północ",
        (
            ("Anna Kowalska", "anna@demo.example.org", PERMISSIONS),
            ("Piotr Zając", "piotr@demo.example.org", ()),
        ),
    ),
    ("Bangkok Web Works", (("สมชาย ใจดี", "somchai@demo.example.org", PERMISSIONS),)),
    ("Brightside Agency", (("Emily Stone", "emily@demo.example.org", PERMISSIONS),)),
)  # fmt: skip
BUSINESSES = (
    ("Łódzkie Meble Sp. z o.o.", "Żaneta Wójcik", "meble", "PL"),
    ("Kwiaciarnia Jaśmin", "Michał Dąbrowski", "jasmin", "PL"),
    ("Rowery Gdańsk", "Agnieszka Nowak", "rowery", "PL"),
    ("Piekarnia Źródło", "Łukasz Górski", "zrodlo", "PL"),
    ("ร้านกาแฟสมชาย", "สุดา แก้วใส", "kafe", "TH"),
    ("บ้านผ้าไหมไทย", "วิชัย ทองดี", "silk", "TH"),
    ("ครัวคุณแม่", "มาลี ศรีสุข", "kitchen", "TH"),
    ("Công ty Nguyễn Văn", "Nguyễn Thị Hằng", "nguyen", "VN"),
    ("Cà phê Phố Cổ", "Trần Đức Anh", "phoco", "VN"),
    ("Gốm Bát Tràng", "Lê Thu Hà", "gom", "VN"),
    ("Iğdır Isı Işık", "İbrahim Çelik", "igdir", "TR"),
    ("Şirin Halı", "Ayşe Yılmaz", "hali", "TR"),
    ("Boğaz Kitap", "Mehmet Öztürk", "kitap", "TR"),
    ("上海有赞贸易有限公司", "李小龙", "shanghai", "CN"),
    ("云南小粒咖啡", "王芳", "kafei", "CN"),
    ("成都茶馆", "张伟", "chaguan", "CN"),
    ("Brightside Cycles", "Oscar Lind", "cycles", "SE"),
    ("Maple & Rye Bakery", "Emily Hart", "maplerye", "CA"),
    ("Northwind Optics", "John Field", "northwind", "GB"),
    ("Harbour Street Books", "Grace Okafor", "harbour", "GB"),
    ("Casa Oliva", "Lucía Ferrer", "oliva", "ES"),
    ("Alpine Gear Co.", "Jonas Keller", "alpine", "CH"),
    ("Little Fern Plants", "Mia Tran", "fern", "AU"),
    ("Ember & Oak", "Noah Wright", "ember", "US"),
    ("Zielona Spiżarnia", "Katarzyna Lis", "spizarnia", "PL"),
    ("Trattoria del Porto", "Giulia Conti", "porto", "IT"),
    ("Księgarnia Pod Aniołem", "Paweł Król", "aniol", "PL"),
    ("Fjord & Wool", "Ingrid Solberg", "fjordwool", "NO"),
    ("สวนกล้วยไม้เชียงใหม่", "อรุณี พงษ์ไพร", "orchid", "TH"),
    ("Blue Heron Canoes", "Daniel Roy", "heron", "CA"),
    ("ขนมไทยป้าแจ๋ว", "ประภา จันทร์ดี", "khanom", "TH"),
    ("Atelier Lumière", "Camille Moreau", "lumiere", "FR"),
    ("Áo dài Thanh Mai", "Phạm Thanh Mai", "aodai", "VN"),
    ("Copper Kettle Tea", "Fiona Walsh", "kettle", "IE"),
    ("Mật ong Đà Lạt", "Vũ Quốc Bảo", "matong", "VN"),
    ("Saddle & Stitch", "Ruth Meyer", "saddle", "US"),
    ("İpek Yolu Baharat", "Zeynep Şahin", "ipekyolu", "TR"),
    ("Velo Kontor", "Jana Vogel", "velokontor", "DE"),
    ("Çınaraltı Kahve", "Emre Aydın", "cinaralti", "TR"),
    ("Paper Lantern Stationery", "Amy Chen", "lantern", "SG"),
    ("景德镇青花瓷", "刘建国", "qinghua", "CN"),
    ("Tide & Timber Surf", "Leo Barnes", "tide", "AU"),
    ("江南丝绸坊", "周慧敏", "sichou", "CN"),
    ("La Huerta de Ana", "Ana Beltrán", "huerta", "ES"),
    ("Harbour Lane Toys", "Peter Quinn", "toys", "GB"),
    ("Kuchnia u Babci Zosi", "Zofia Maj", "babcia", "PL"),
    ("Stone Mill Bread", "Hannah Fox", "stonemill", "GB"),
    ("Summit Trail Outfitters", "Caleb Stone", "summit", "US"),
)
REPLIES = (
    "I have spoken with them. They would like to see the numbers for two locations.",
    "They ask for a call next week. Shall we do it together?",
    "Thank you, that helps. I am sending them the contract today.",
)


class Leads:
    """Half a year in the life of a programme, the same at each start."""

    def __init__(self, password_hash: str, at: datetime) -> None:
        self.random = Random(2026)  # noqa: S311 - repeatable on purpose
        self.password_hash = password_hash
        self.at = at
        self.began = at - timedelta(days=DAYS)
        self.reps: list[Actor] = []
        self.members: list[Actor] = []

    def fill(self) -> None:
        """Make everything, then call the past read and sent."""
        self.make_staff()
        for name, members in PARTNERS:
            partner = create_partner(name, by=SYSTEM, at=self.began)
            for person_name, email, permissions in members:
                person = self.person(person_name, email)
                add_partner_member(person, partner.id, frozenset(permissions), by=SYSTEM, at=self.began)
                self.members.append(self.actor(person))
        for number, business in enumerate(BUSINESSES):
            self.make_lead(number, business)
        self.make_conflicts()
        self.settle_the_past()

    def person(self, name: str, email: str) -> Person:
        return create_person(email, name, password_hash=self.password_hash, at=self.began, demo=True)

    def actor(self, person: Person, rep_id: int | None = None) -> Actor:
        return actor_of(person, active_memberships(person.id)[0], rep_id)

    def make_staff(self) -> None:
        for role, name, email, phone, booking_url in STAFF:
            person = self.person(name, email)
            add_staff(person, role, by=SYSTEM, at=self.began)
            if role == "rep":
                rep = make_representative(person, phone=phone, booking_url=booking_url)
                self.reps.append(self.actor(person, rep.id))
        admin = Actor(role="admin")
        add_rule(None, "CN", get_rep(self.reps[2].rep_id or 0), by=admin, at=self.began)
        add_rule(None, "PL", get_rep(self.reps[0].rep_id or 0), by=admin, at=self.began)

    def make_lead(self, number: int, business: tuple[str, str, str, str]) -> None:
        name, contact, site, country = business
        later = number >= len(BUSINESSES) // 2
        product = "pos" if (number % 3 == 1) != later else "plus"
        member = self.members[(number * 7 + later) % len(self.members)]
        at = self.began + timedelta(days=number * DAYS / len(BUSINESSES), hours=self.random.randint(0, 9))
        values = {
            "business_name": name,
            "contact_name": contact,
            "contact_email": f"hello@{site}.example.org",
            "website_url": f"https://{site}.example.org",
            "country": country,
            "current_platform": self.random.choice(["", "WooCommerce", "Magento", "A spreadsheet"]),
            "sales_support": self.random.random() < 0.6,
            "notes": self.random.choice(["", "They open a second shop in spring.", "The owner prefers e-mail."]),
            "expected_value": self.random.choice([None, 1_200_000, 4_800_000]),
        }
        own = (
            {"locations": self.random.randint(1, 9)}
            if product == "pos"
            else {"annual_revenue": self.random.choice(["250k_1m", "1m_5m", "5m_20m"]), "monthly_orders": "100_1000"}
        )
        lead = self.submit(member, product, values | own, at)
        self.work_on(lead, member, at)

    def submit(self, member: Actor, product: str, values: dict[str, object], at: datetime) -> Lead:
        partner = session.get_one(Partner, member.partner_id)
        submission = Submission(partner, get_product(product), values, settings=programme())
        return submit_lead(submission, by=member, at=min(at, self.at))

    def work_on(self, lead: Lead, member: Actor, at: datetime) -> None:
        """Let the lead go as far as its age allows."""
        rep = next((actor for actor in self.reps if actor.rep_id == lead.rep_id), self.reps[0])
        fate = self.random.random()
        steps = [at + timedelta(days=self.random.uniform(1, 6) * number) for number in range(1, 5)]
        if fate < 0.15 or steps[0] > self.at:
            return
        if lead.stays_submitted:
            self.judge(lead, rep, fate, steps)
            return
        change_status(lead, "in_progress", by=rep, at=steps[0])
        conversation.send_message(lead, self.random.choice(REPLIES), by=rep, at=steps[0] + timedelta(hours=3))
        if steps[1] < self.at and fate < 0.8:
            conversation.send_message(lead, "Of course, just tell me when.", by=member, at=steps[1])
        if steps[2] > self.at or fate < 0.4:
            return
        if fate < 0.75:
            change_status(lead, "awarded", by=rep, at=steps[2])
        else:
            change_status(lead, "ineligible", reason="not_interested", by=rep, at=steps[2])
            if fate > 0.9 and steps[3] < self.at:
                conversation.appeal(lead, "They changed their mind and wrote to me again.", by=member, at=steps[3])

    def judge(self, lead: Lead, rep: Actor, fate: float, steps: list[datetime]) -> None:
        if fate < 0.7:
            record_payout(lead, "due", by=rep, at=steps[0])
            if steps[2] < self.at:
                record_payout(lead, "paid", by=rep, at=steps[2])
        else:
            record_payout(lead, "not_eligible", reason="terms_not_met", by=rep, at=steps[0])

    def make_conflicts(self) -> None:
        """Two businesses that two partners claim: one decided, one to decide."""
        for number, (site, name) in enumerate((("stonemill", "Stone Mill"), ("babcia", "U Babci Zosi"))):
            earlier = session.scalars(select(Lead).where(Lead.website_url == f"https://{site}.example.org")).one()
            rival = next(member for member in self.members if member.partner_id != earlier.partner_id)
            values: dict[str, object] = {
                "business_name": name,
                "contact_name": "The owner",
                "contact_email": f"owner@{site}.example.org",
                "website_url": f"https://www.{site}.example.org/about",
                "country": earlier.country,
                "sales_support": True,
            }
            self.submit(rival, earlier.product.code, values, self.at - timedelta(days=2 + number))
        conflict = session.scalars(select(LeadConflict).order_by(LeadConflict.id)).first()
        if conflict is not None:
            decide(conflict, "keep", text="The first partner had met the owner.", by=self.reps[1], at=self.at)

    def settle_the_past(self) -> None:
        """What is older than a day was sent and read."""
        yesterday = self.at - timedelta(days=1)
        session.flush()
        session.execute(
            update(OutboxMessage).where(OutboxMessage.created_at < yesterday).values(sent_at=OutboxMessage.created_at)
        )
        session.execute(
            update(Notification).where(Notification.created_at < yesterday).values(read_at=Notification.created_at)
        )
