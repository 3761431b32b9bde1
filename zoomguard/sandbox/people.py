"""Who is at Northmoor College: invented people, as data."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date

DOMAIN = "northmoor.example"


@dataclass(frozen=True)
class StaffMember:
    """One of the staff; `licensed` says whether the person's Zoom user may host and be alternative host."""

    reference: str
    email: str
    known_as: str
    family_name: str
    roles: tuple[str, ...]
    licensed: bool = False
    relatives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Child:
    """One child; `born_on` holds for the school year that began in September 2026."""

    reference: str
    known_as: str
    family_name: str
    born_on: date
    country: str = "GB"
    timezone: str = "Europe/London"
    email: str = ""


@dataclass(frozen=True)
class Guardian:
    """One guardian with the references of the children; no contact means no mail at all."""

    reference: str
    email: str
    known_as: str
    family_name: str
    children: tuple[str, ...]
    relation: str
    language: str = "en"
    parental_responsibility: bool = True
    may_contact: bool = True


@dataclass(frozen=True)
class ZoomUser:
    """A user of the college's Zoom account; `id` is Zoom's."""

    id: str
    email: str
    first_name: str
    last_name: str
    licensed: bool

    @property
    def type(self) -> int:
        """Zoom's user type: 2 Licensed, 1 Basic."""
        return 2 if self.licensed else 1


def zoom_user_id(email: str) -> str:
    """The Zoom user id of a member of staff: 22 characters, always the same for an address."""
    digest = hashlib.sha256(email.encode()).digest()
    return base64.b64encode(digest, altchars=b"Zg").decode()[:22]


def _staff(reference: str, name: str, *roles: str, licensed: bool = False) -> StaffMember:
    first, last = name.split(" ")
    email = f"{first[0]}.{last}@{DOMAIN}".lower()
    return StaffMember(reference, email, first, last, roles, licensed)


def _guardian(reference: str, name: str, children: tuple[str, ...], relation: str, language: str = "en") -> Guardian:
    first, last = name.split(" ")
    email = f"{first}.{last}@families.example".lower()
    return Guardian(reference, email, first, last, children, relation, language)


STAFF: tuple[StaffMember, ...] = (
    _staff("T1", "Tomasz Wren", "teacher", licensed=True),
    _staff("T2", "Hilde Lindqvist", "teacher", licensed=True),
    _staff("O1", "Priya Nandakumar", "observer", licensed=True),
    _staff("O2", "Olu Mbeki", "observer", licensed=True),
    _staff("O3", "S. Rao", "observer"),
    _staff("RV1", "Colin Baptiste", "reviewer"),
    _staff("RV2", "Ewa Lis", "reviewer"),
    _staff("EC", "Ruth Adeyemi", "coordinator"),
    _staff("DSL", "Imogen Hale", "dsl"),
    _staff("DEP", "Bashir Noor", "deputy"),
    _staff("LD", "Carys Pugh", "leader"),
    _staff("DP", "Finn Doyle", "data_lead"),
    _staff("M1", "Jo Fairley", "monitor"),
    _staff("M2", "Sam Okoro", "monitor"),
    _staff("OP", "Dai Morgan", "operator"),
)

CHILDREN: tuple[Child, ...] = (
    Child("C-0101", "Lena", "Kral", date(2014, 9, 18)),
    Child("C-0102", "Marek", "Kral", date(2015, 8, 25)),
    Child("C-0110", "Minh", "Tran", date(2014, 12, 3), "VN", "Asia/Ho_Chi_Minh", "minh.tran@families.example"),
    Child("C-0120", "Ada", "Okafor", date(2015, 2, 11)),
    Child("C-0130", "Noor", "Aziz", date(2008, 12, 1)),
    Child("C-0140", "Oskar", "Berg", date(2015, 5, 30)),
    Child("C-0150", "Ivy", "Stone", date(2014, 10, 7)),
)

GUARDIANS: tuple[Guardian, ...] = (
    _guardian("G-01", "Eva Kral", ("C-0101", "C-0102"), "mother"),
    _guardian("G-02", "Jan Kral", ("C-0101", "C-0102"), "father"),
    _guardian("G-10", "Lan Tran", ("C-0110",), "mother", "vi"),
    _guardian("G-20", "Ngozi Okafor", ("C-0120",), "mother"),
    Guardian(
        "G-21",
        "emeka.okafor@families.example",
        "Emeka",
        "Okafor",
        ("C-0120",),
        "father",
        parental_responsibility=False,
        may_contact=False,
    ),
    _guardian("G-30", "Samira Aziz", ("C-0130",), "mother"),
    _guardian("G-40", "Nils Berg", ("C-0140",), "father"),
    _guardian("G-50", "Martha Stone", ("C-0150",), "mother"),
)

GROUPS: dict[str, tuple[str, ...]] = {"MATHS-7B": ("C-0101", "C-0102", "C-0110", "C-0120", "C-0150")}
