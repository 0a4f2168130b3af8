"""Upgrade invitations, the terms they are accepted under, activations."""

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MOMENT = sa.DateTime(timezone=True)

# The first version of the terms, in the languages of the pages; administrators add their own.
FIRST_VERSION_AT = datetime(2026, 11, 26, tzinfo=UTC)
FIRST_VERSION = {
    "en": (
        "What you accept. You accept that the store named above is upgraded to the Plus plan. You confirm that you own "
        "the store, or that you may decide for its owner.",
        "When it happens. Your store is on Plus at most 24 hours after you accept. From then on you can use the tools "
        "and features of Plus. Nothing in your store is changed or lost by the upgrade.",
        "What it costs. From the upgrade on, you pay the price of Plus instead of the price of your present plan, in "
        "the way you pay for your store today.",
        "Our partner. A partner of ours recommended this upgrade and earns a commission for it. You do not pay more "
        "because of that, and accepting gives the partner no access to your store.",
        "What we keep. As proof that you accepted we keep the version of these terms, the time, and the address and "
        "browser from which you accepted.",
        "Your choice. You need not accept. If you decline, nothing changes. Later you can change your plan in the "
        "settings of your store, on the conditions of the plan you have then.",
    ),
    "th": (
        "สิ่งที่คุณยอมรับ คุณยอมรับให้อัปเกรดร้านค้าที่ระบุไว้ด้านบนเป็นแพ็กเกจ Plus และยืนยันว่าคุณเป็นเจ้าของร้านค้า "
        "หรือมีสิทธิ์ตัดสินใจแทนเจ้าของร้านค้า",
        "เวลาที่จะเกิดขึ้น ร้านค้าของคุณจะใช้ Plus ได้ภายใน 24 ชั่วโมงหลังจากที่คุณยอมรับ จากนั้นคุณจะใช้เครื่องมือและฟีเจอร์ของ "
        "Plus ได้ การอัปเกรดไม่ทำให้สิ่งใดในร้านค้าของคุณเปลี่ยนไปหรือสูญหาย",
        "ค่าใช้จ่าย ตั้งแต่อัปเกรดเป็นต้นไป คุณจ่ายราคาของ Plus แทนราคาของแพ็กเกจปัจจุบัน ด้วยวิธีเดียวกับที่คุณจ่ายค่าร้านค้าในวันนี้",
        "พาร์ทเนอร์ของเรา พาร์ทเนอร์ของเราแนะนำการอัปเกรดนี้และจะได้รับค่าคอมมิชชัน คุณไม่ต้องจ่ายเพิ่มเพราะเหตุนี้ "
        "และการยอมรับไม่ได้ให้พาร์ทเนอร์เข้าถึงร้านค้าของคุณ",
        "สิ่งที่เราเก็บไว้ เราเก็บเวอร์ชันของข้อกำหนดนี้ เวลา รวมถึงที่อยู่ IP และเบราว์เซอร์ที่คุณใช้ยอมรับ ไว้เป็นหลักฐานการยอมรับ",
        "ทางเลือกของคุณ คุณไม่จำเป็นต้องยอมรับ หากคุณปฏิเสธ จะไม่มีอะไรเปลี่ยนแปลง ภายหลังคุณเปลี่ยนแพ็กเกจได้ในการตั้งค่าร้านค้า "
        "ตามเงื่อนไขของแพ็กเกจที่คุณใช้ในเวลานั้น",
    ),
    "pl": (
        "Na co się zgadzasz. Zgadzasz się na przejście sklepu wymienionego powyżej na plan Plus. Potwierdzasz, że sklep "
        "należy do Ciebie lub że możesz decydować w imieniu właściciela.",
        "Kiedy to nastąpi. Twój sklep będzie miał plan Plus najpóźniej 24 godziny po akceptacji. Od tej chwili możesz "
        "korzystać z narzędzi i funkcji Plus. Przejście na Plus niczego w sklepie nie zmienia ani nie usuwa.",
        "Ile to kosztuje. Od przejścia na Plus płacisz cenę planu Plus zamiast ceny obecnego planu, w taki sam sposób, "
        "w jaki dziś płacisz za sklep.",
        "Nasz partner. Przejście na Plus polecił nasz partner, który otrzyma za to prowizję. Nie płacisz z tego powodu "
        "więcej, a akceptacja nie daje partnerowi dostępu do Twojego sklepu.",
        "Co przechowujemy. Jako dowód akceptacji przechowujemy wersję tych warunków, czas oraz adres IP i przeglądarkę, "
        "z których skorzystano.",
        "Twój wybór. Nie musisz się zgadzać. Jeśli odmówisz, nic się nie zmieni. Później możesz zmienić plan w "
        "ustawieniach sklepu, na warunkach planu, który będzie wtedy obowiązywał.",
    ),
    "vi": (
        "Điều bạn chấp nhận. Bạn đồng ý nâng cấp cửa hàng nêu trên lên gói Plus. Bạn xác nhận rằng mình là chủ cửa hàng "
        "hoặc được quyền quyết định thay chủ cửa hàng.",
        "Thời điểm. Cửa hàng của bạn sẽ dùng Plus trong vòng 24 giờ kể từ khi bạn chấp nhận. Từ đó bạn có thể sử dụng "
        "các công cụ và tính năng của Plus. Việc nâng cấp không thay đổi hay làm mất bất cứ điều gì trong cửa hàng.",
        "Chi phí. Kể từ khi nâng cấp, bạn trả giá của gói Plus thay cho giá của gói hiện tại, theo cách bạn đang thanh "
        "toán cho cửa hàng hôm nay.",
        "Đối tác của chúng tôi. Một đối tác của chúng tôi đã giới thiệu việc nâng cấp này và nhận hoa hồng. Bạn không "
        "phải trả thêm vì điều đó, và việc chấp nhận không cho đối tác quyền truy cập cửa hàng của bạn.",
        "Điều chúng tôi lưu giữ. Để làm bằng chứng cho việc chấp nhận, chúng tôi lưu phiên bản của các điều khoản này, "
        "thời gian, địa chỉ IP và trình duyệt mà bạn đã dùng.",
        "Lựa chọn của bạn. Bạn không bắt buộc phải chấp nhận. Nếu bạn từ chối, không có gì thay đổi. Sau này bạn có thể "
        "đổi gói trong phần cài đặt cửa hàng, theo điều kiện của gói bạn đang dùng khi đó.",
    ),
    "tr": (
        "Neyi kabul ediyorsunuz? Yukarıda adı geçen mağazanın Plus planına yükseltilmesini kabul ediyorsunuz. Mağazanın "
        "sahibi olduğunuzu veya sahibi adına karar verebileceğinizi onaylıyorsunuz.",
        "Ne zaman olur? Mağazanız, kabul etmenizin ardından en geç 24 saat içinde Plus planında olur. O andan itibaren "
        "Plus araçlarını ve özelliklerini kullanabilirsiniz. Yükseltme, mağazanızdaki hiçbir şeyi değiştirmez veya "
        "silmez.",
        "Ücreti nedir? Yükseltmeden itibaren şu anki planınızın ücreti yerine Plus ücretini, mağazanız için bugün ödeme "
        "yaptığınız şekilde ödersiniz.",
        "İş ortağımız. Bu yükseltmeyi bir iş ortağımız önerdi ve bunun için komisyon kazanır. Bu nedenle daha fazla "
        "ödemezsiniz. Kabul etmeniz, iş ortağına mağazanıza erişim vermez.",
        "Neyi saklıyoruz? Kabulünüzün kanıtı olarak bu koşulların sürümünü, zamanı, kabul ederken kullandığınız IP "
        "adresini ve tarayıcıyı saklarız.",
        "Seçim sizin. Kabul etmek zorunda değilsiniz. Reddederseniz hiçbir şey değişmez. Planınızı daha sonra, o sırada "
        "geçerli olan planınızın koşullarıyla mağaza ayarlarınızdan değiştirebilirsiniz.",
    ),
    "zh": (
        "您接受的内容。您同意将上述店铺升级到 Plus 套餐，并确认您是店主，或有权代表店主作出决定。",
        "何时生效。您的店铺最迟在您接受后 24 小时内升级到 Plus，此后即可使用 Plus 的工具和功能。升级不会改变或丢失店铺中的任何内容。",
        "费用。自升级之时起，您按 Plus 的价格付费，不再支付当前套餐的费用，付款方式与您目前为店铺付款的方式相同。",
        "我们的合作伙伴。此次升级由我们的合作伙伴推荐，合作伙伴会因此获得佣金。您不会因此多付费用，接受升级也不会让合作伙伴获得您店铺的访问权限。",
        "我们保存的内容。作为您接受的证明，我们会保存本条款的版本、时间，以及您接受时使用的 IP 地址和浏览器。",
        "您的选择。您可以不接受。如果拒绝，一切保持不变。以后您可以按照届时所用套餐的条件，在店铺设置中更改套餐。",
    ),
}


# The archive of another instance brings its own versions: an instance where nobody was invited lets ours go.
ANYBODY_INVITED = "EXISTS (SELECT 1 FROM upgrade_invitations)"


def refuse_changes(table: str) -> None:
    """The database itself refuses to change rows, and to delete them once anybody was invited (P2)."""
    sentence = f"{table} is append only"
    if op.get_bind().dialect.name == "sqlite":
        for verb, when in (("UPDATE", ""), ("DELETE", f"WHEN {ANYBODY_INVITED} ")):
            refusal = f"BEGIN SELECT RAISE(ABORT, '{sentence}'); END"
            op.execute(f"CREATE TRIGGER {table}_refuse_{verb.lower()} BEFORE {verb} ON {table} {when}{refusal}")
        return
    unless = f"IF TG_OP = 'DELETE' AND NOT {ANYBODY_INVITED} THEN RETURN OLD; END IF;"
    body = f"BEGIN {unless} RAISE EXCEPTION '{sentence}'; END"
    op.execute(f"CREATE FUNCTION {table}_refuse() RETURNS trigger AS $$ {body} $$ LANGUAGE plpgsql")
    for verb in ("UPDATE", "DELETE"):
        name = f"{table}_refuse_{verb.lower()}"
        op.execute(f"CREATE TRIGGER {name} BEFORE {verb} ON {table} FOR EACH ROW EXECUTE FUNCTION {table}_refuse()")
    op.execute(f"CREATE TRIGGER {table}_refuse_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION {table}_refuse()")


def upgrade() -> None:
    op.create_table(
        "upgrade_terms",
        sa.Column("number", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.ForeignKeyConstraint(["by_person_id"], ["persons.id"], name=op.f("fk_upgrade_terms_by_person_id_persons")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_upgrade_terms")),
    )

    op.create_table(
        "upgrade_terms_texts",
        sa.Column("number", ID, nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["number"], ["upgrade_terms.number"], name=op.f("fk_upgrade_terms_texts_number_upgrade_terms")
        ),
        sa.PrimaryKeyConstraint("number", "language", name=op.f("pk_upgrade_terms_texts")),
    )

    op.create_table(
        "upgrade_invitations",
        sa.Column("id", ID, nullable=False),
        sa.Column("lead_id", ID, nullable=False),
        sa.Column("store_id", ID, nullable=False),
        sa.Column("status", KEY, nullable=False),
        sa.Column("token_digest", KEY, nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("to_email", sa.Text(), nullable=False),
        sa.Column("to_name", sa.Text(), nullable=False),
        sa.Column("by_person_id", ID, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("sent_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("terms_number", ID, nullable=True),
        sa.Column("accepted_language", sa.Text(), nullable=False),
        sa.Column("accepted_ip", sa.Text(), nullable=False),
        sa.Column("accepted_agent", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('sent', 'accepted', 'declined', 'expired', 'revoked')",
            name=op.f("ck_upgrade_invitations_status"),
        ),
        sa.ForeignKeyConstraint(
            ["by_person_id"], ["persons.id"], name=op.f("fk_upgrade_invitations_by_person_id_persons")
        ),
        sa.ForeignKeyConstraint(["lead_id"], ["leads.id"], name=op.f("fk_upgrade_invitations_lead_id_leads")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_upgrade_invitations_store_id_stores")),
        sa.ForeignKeyConstraint(
            ["terms_number"], ["upgrade_terms.number"], name=op.f("fk_upgrade_invitations_terms_number_upgrade_terms")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_upgrade_invitations")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_upgrade_invitations_token_digest")),
    )
    op.create_index(
        "ix_upgrade_invitations_expiry",
        "upgrade_invitations",
        ["expires_at"],
        sqlite_where=sa.text("status = 'sent'"),
        postgresql_where=sa.text("status = 'sent'"),
    )
    op.create_index("ix_upgrade_invitations_lead_id", "upgrade_invitations", ["lead_id", "id"])
    op.create_index(
        "ix_upgrade_invitations_open",
        "upgrade_invitations",
        ["store_id"],
        unique=True,
        sqlite_where=sa.text("status = 'sent'"),
        postgresql_where=sa.text("status = 'sent'"),
    )

    op.create_table(
        "activations",
        sa.Column("id", ID, nullable=False),
        sa.Column("invitation_id", ID, nullable=False),
        sa.Column("plan", KEY, nullable=False),
        sa.Column("plan_before", KEY, nullable=False),
        sa.Column("accepted_at", MOMENT, nullable=False),
        sa.Column("deadline_at", MOMENT, nullable=False),
        sa.Column("next_try_at", MOMENT, nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("alarmed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["invitation_id"], ["upgrade_invitations.id"], name=op.f("fk_activations_invitation_id_upgrade_invitations")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_activations")),
        sa.UniqueConstraint("invitation_id", name=op.f("uq_activations_invitation_id")),
    )
    op.create_index(
        "ix_activations_due",
        "activations",
        ["next_try_at"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    write_first_version()
    refuse_changes("upgrade_terms")
    refuse_changes("upgrade_terms_texts")


def write_first_version() -> None:
    versions = sa.table("upgrade_terms", sa.column("number"), sa.column("created_at", MOMENT))
    texts = sa.table("upgrade_terms_texts", sa.column("number"), sa.column("language"), sa.column("body"))
    op.bulk_insert(versions, [{"number": 1, "created_at": FIRST_VERSION_AT}])
    op.bulk_insert(
        texts,
        [{"number": 1, "language": code, "body": "\n\n".join(parts)} for code, parts in FIRST_VERSION.items()],
    )
