//! Whom a package is for, and what that decides.

use konseki_report::Tlp;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Audience {
    Public,
    Peers,
    Employees,
    Sponsors,
    LawEnforcement,
}

impl Audience {
    pub const ALL: [Self; 5] = [Self::Public, Self::Peers, Self::Employees, Self::Sponsors, Self::LawEnforcement];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Peers => "peers",
            Self::Employees => "employees",
            Self::Sponsors => "sponsors",
            Self::LawEnforcement => "law-enforcement",
        }
    }

    pub fn tlp(self) -> Tlp {
        match self {
            Self::Public => Tlp::Clear,
            Self::Peers => Tlp::Green,
            Self::Employees => Tlp::Amber,
            Self::Sponsors => Tlp::AmberStrict,
            Self::LawEnforcement => Tlp::Red,
        }
    }
}
