"""Industry packs: the words, goals, funnel and dashboard that a tenant of one of the plan's eight industries starts with.

What sites of an industry send, with the code for it, is in docs/send/tracker.md; the demo's businesses send exactly that.
"""

from dataclasses import dataclass

_CARDS = ("visitors", "visits", "page_views", "bounce_rate", "visit_duration", "conversions", "conversion_rate", "revenue")
_READ = ("visitors", "visits", "page_views", "views_per_visit", "visit_duration", "bounce_rate", "conversions", "conversion_rate")
_ASKED = ("visitors", "visits", "page_views", "bounce_rate", "visit_duration", "conversions", "conversion_rate", "events")


@dataclass(frozen=True, slots=True)
class Pack:
    """What an industry is about.

    Attributes:
        item_type, items: what an item is when an event does not say, and what the dashboard calls items.
        item_action: what visitors do with an item beyond looking at it.
        conversions: what the dashboard calls completed transactions.
        funnel, steps: the way to a transaction: its name, and the labels of start, progress, complete.
        contact: how visitors get in touch: label and action.
        goal_names: of that item action, of a transaction's start and completion, of getting in touch.
        cards: the metrics on the overview, in order.
        panels: what the overview breaks them down by first.
    """

    industry: str
    title: str
    item_type: str
    items: str
    item_action: str
    conversions: str
    funnel: str
    steps: tuple[str, str, str]
    contact: tuple[str, str]
    goal_names: tuple[str, str, str, str]
    cards: tuple[str, ...] = _CARDS
    panels: tuple[str, ...] = ("sources", "pages", "items", "goals")

    @property
    def goals(self) -> tuple[tuple[str, str], ...]:
        """Goals to start with: name, and filter in the language of reports."""
        item, start, complete, contact = self.goal_names
        return (
            (item, f"event_type==item_interaction;event_action=={self.item_action}"),
            (start, f"funnel_step=={self.funnel}_step:start"),
            (complete, f"funnel_step=={self.funnel}_step:complete"),
            (contact, "event_type==contact_interaction"),
        )

    @property
    def funnel_steps(self) -> tuple[str, ...]:
        """The funnel to start with, as filters: from looking at something to the completed transaction."""
        step = f"funnel_step=={self.funnel}_step"
        return ("event_type==page_view", "event_type==item_interaction", f"{step}:start", f"{step}:complete")


_PACKS = (
    Pack(
        "e-commerce",
        "E-commerce",
        "product",
        "Products",
        "add_to_cart",
        "Orders",
        "checkout",
        ("cart", "payment", "order placed"),
        ("size advice form", "submit"),
        ("Added to cart", "Checkout started", "Order placed", "Asked for advice"),
    ),
    Pack(
        "saas",
        "SaaS",
        "feature",
        "Features",
        "use",
        "Subscriptions",
        "signup",
        ("plan chosen", "workspace created", "subscribed"),
        ("sales chat", "start"),
        ("Feature used", "Sign-up started", "Subscribed", "Talked to sales"),
        panels=("sources", "pages", "goals", "items"),
    ),
    Pack(
        "content",
        "Content and publishing",
        "article",
        "Articles",
        "share",
        "Subscriptions",
        "newsletter",
        ("sign-up opened", "address entered", "subscribed"),
        ("letter to the editor", "submit"),
        ("Article shared", "Newsletter opened", "Newsletter subscribed", "Wrote to the editor"),
        cards=_READ,
        panels=("pages", "sources", "items", "entries"),
    ),
    Pack(
        "services",
        "Services",
        "service",
        "Services",
        "compare",
        "Bookings",
        "booking",
        ("date chosen", "address entered", "visit booked"),
        ("phone number", "click"),
        ("Services compared", "Booking started", "Visit booked", "Called us"),
        panels=("sources", "goals", "campaigns", "pages"),
    ),
    Pack(
        "lead-generation",
        "Lead generation",
        "offer",
        "Offers",
        "calculate",
        "Qualified leads",
        "qualification",
        ("form opened", "roof described", "lead qualified"),
        ("call me back", "submit"),
        ("Offer calculated", "Form opened", "Lead qualified", "Asked to be called"),
        panels=("sources", "goals", "campaigns", "pages"),
    ),
    Pack(
        "education",
        "Education",
        "course",
        "Courses",
        "lesson_finished",
        "Enrolments",
        "enrolment",
        ("course chosen", "details entered", "enrolled"),
        ("ask a tutor", "submit"),
        ("Lesson finished", "Enrolment started", "Enrolled", "Asked a tutor"),
        panels=("items", "sources", "goals", "pages"),
    ),
    Pack(
        "healthcare",
        "Healthcare",
        "treatment",
        "Treatments",
        "read_more",
        "Appointments",
        "appointment",
        ("slot chosen", "details entered", "appointment booked"),
        ("question to the practice", "submit"),
        ("Treatment read about", "Booking started", "Appointment booked", "Asked the practice"),
        cards=_ASKED,
        panels=("pages", "sources", "items", "goals"),
    ),
    Pack(
        "finance",
        "Finance",
        "product",
        "Products",
        "quote",
        "Applications",
        "application",
        ("quote accepted", "documents sent", "application completed"),
        ("book a consultation", "submit"),
        ("Quote asked for", "Application started", "Application completed", "Consultation booked"),
        panels=("sources", "items", "goals", "pages"),
    ),
)
PACKS = {pack.industry: pack for pack in _PACKS}
