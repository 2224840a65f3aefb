"""The plan's eight industries as small businesses: what they offer, and where."""

from dataclasses import dataclass

from footfall.auth import PACKS, Pack


@dataclass(frozen=True, slots=True)
class Item:
    """Something on offer; `value` in the tenant's currency."""

    item_id: str
    name: str
    category: str
    value: float


@dataclass(frozen=True, slots=True)
class Industry:
    """A business of one industry.

    Attributes:
        item_path: where the items' pages are.
        visits_a_day: on the last day of the history.
        consent: the share of people who let the site know them again: it sends its own visitor id for them.
        refunds: the share of orders that are given back, in part or whole.
        has_accounts: the site sends session ids of its own.
    """

    tenant_id: str
    name: str
    industry: str
    site: str
    time_zone: str
    currency: str
    item_path: str
    items: tuple[Item, ...]
    pages: tuple[tuple[str, str], ...]
    visits_a_day: int = 90
    consent: float = 0.5
    refunds: float = 0.0
    has_accounts: bool = False

    @property
    def pack(self) -> Pack:
        """What businesses of this industry send."""
        return PACKS[self.industry]


_COMMON = (("/about", "About us"), ("/contact", "Contact"))

INDUSTRIES = (
    Industry(
        "demo-shop",
        "Linden Shoes",
        "e-commerce",
        "https://linden-shoes.example",
        "Europe/Berlin",
        "EUR",
        "/products/",
        (
            Item("sku-101", "Trail runner", "shoes", 129.0),
            Item("sku-102", "City sneaker", "shoes", 89.9),
            Item("sku-103", "Leather boot", "shoes", 189.0),
            Item("sku-104", "Wool socks", "accessories", 14.5),
            Item("sku-105", "Shoe care set", "accessories", 24.0),
            Item("sku-106", "Kids' rain boot", "kids", 39.0),
        ),
        (("/", "Linden Shoes"), ("/products", "All shoes"), ("/sale", "Sale"), *_COMMON),
        visits_a_day=200,
        consent=0.6,
        refunds=0.07,
    ),
    Industry(
        "demo-saas",
        "Tallyboard",
        "saas",
        "https://tallyboard.example",
        "America/New_York",
        "USD",
        "/features/",
        (
            Item("boards", "Boards", "core", 0.0),
            Item("automations", "Automations", "pro", 0.0),
            Item("reports", "Reports", "pro", 0.0),
            Item("api", "API", "pro", 0.0),
            Item("sso", "Single sign-on", "enterprise", 0.0),
        ),
        (("/", "Tallyboard"), ("/pricing", "Pricing"), ("/docs", "Documentation"), ("/signup", "Sign up"), *_COMMON),
        consent=0.8,
        has_accounts=True,
    ),
    Industry(
        "demo-magazine",
        "The Harbour Post",
        "content",
        "https://harbourpost.example",
        "Europe/London",
        "GBP",
        "/articles/",
        (
            Item("tides", "The tides have turned", "science", 0.0),
            Item("ferry", "A year on the night ferry", "reportage", 0.0),
            Item("bread", "Bread and salt", "food", 0.0),
            Item("lighthouse", "Keepers of the light", "history", 0.0),
            Item("gulls", "In defence of gulls", "opinion", 0.0),
            Item("regatta", "Regatta: all results", "sport", 0.0),
        ),
        (("/", "The Harbour Post"), ("/news", "News"), ("/archive", "Archive"), *_COMMON),
        visits_a_day=120,
    ),
    Industry(
        "demo-plumber",
        "Otter & Sons",
        "services",
        "https://otter-and-sons.example",
        "Europe/Dublin",
        "EUR",
        "/services/",
        (
            Item("boiler", "Boiler service", "heating", 120.0),
            Item("leak", "Leak repair", "emergency", 180.0),
            Item("bathroom", "New bathroom", "projects", 6400.0),
            Item("drain", "Drain cleaning", "emergency", 95.0),
        ),
        (("/", "Otter & Sons"), ("/services", "Services"), ("/book", "Book a visit"), *_COMMON),
    ),
    Industry(
        "demo-leads",
        "Brightroof Solar",
        "lead-generation",
        "https://brightroof.example",
        "America/Los_Angeles",
        "USD",
        "/offers/",
        (
            Item("starter", "Starter roof", "home", 8900.0),
            Item("family", "Family roof", "home", 14200.0),
            Item("battery", "Battery storage", "home", 6100.0),
            Item("business", "Business roof", "commercial", 48000.0),
        ),
        (("/", "Brightroof Solar"), ("/landing/save", "Save on energy"), ("/calculator", "Calculator"), *_COMMON),
    ),
    Industry(
        "demo-academy",
        "Quill Academy",
        "education",
        "https://quill-academy.example",
        "Asia/Kolkata",
        "INR",
        "/courses/",
        (
            Item("py-1", "Python from zero", "programming", 4999.0),
            Item("sql-1", "SQL for analysts", "data", 3999.0),
            Item("stat-1", "Statistics, honestly", "data", 5499.0),
            Item("write-1", "Writing that works", "humanities", 2999.0),
            Item("draw-1", "Drawing from life", "arts", 3499.0),
        ),
        (("/", "Quill Academy"), ("/courses", "All courses"), ("/dashboard", "My courses"), *_COMMON),
        consent=0.8,
        has_accounts=True,
    ),
    Industry(
        "demo-clinic",
        "Riverside Clinic",
        "healthcare",
        "https://riverside-clinic.example",
        "Australia/Sydney",
        "AUD",
        "/treatments/",
        (
            Item("checkup", "General check-up", "prevention", 90.0),
            Item("physio", "Physiotherapy", "therapy", 110.0),
            Item("vaccine", "Travel vaccination", "prevention", 75.0),
            Item("skin", "Skin screening", "prevention", 140.0),
        ),
        (("/", "Riverside Clinic"), ("/treatments", "Treatments"), ("/appointments", "Appointments"), *_COMMON),
    ),
    Industry(
        "demo-bank",
        "Cobble Bank",
        "finance",
        "https://cobblebank.example",
        "Europe/Zurich",
        "CHF",
        "/products/",
        (
            Item("mortgage", "Ten-year mortgage", "loans", 1200.0),
            Item("car-loan", "Car loan", "loans", 240.0),
            Item("savings", "Savings account", "accounts", 60.0),
            Item("pension", "Pension plan", "investing", 480.0),
        ),
        (("/", "Cobble Bank"), ("/loans", "Loans"), ("/calculator", "Loan calculator"), *_COMMON),
    ),
)
