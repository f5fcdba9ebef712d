//! Ivanti Connect Secure syslog: WELF and Standard filter, with and without head, in the appliance's local time.

use crate::ctx::Lab;
use crate::store::Mark;
use crate::when::{self, MIN, SEC, T};
use crate::world::{IcsForm, User};

#[derive(Clone, Debug, Default)]
pub struct Line<'a> {
    pub user: &'a str,
    pub realm: &'a str,
    pub roles: &'a str,
    /// Short session id, ten hexadecimal digits.
    pub short: &'a str,
    pub proto: &'a str,
    pub src: &'a str,
    pub agent: &'a str,
    pub code: &'a str,
    pub text: String,
    /// A line about the box itself.
    pub system: bool,
}

/// A VPN session as the appliance knows it.
#[derive(Clone, Debug)]
pub struct Session {
    pub login: String,
    pub sid: String,
    pub short: String,
    pub inner: String,
    pub src: String,
    pub agent: String,
    pub pc: String,
}

impl Lab {
    pub fn ics(&mut self, t: T, line: &Line, mark: Mark) {
        let w = self.w.clone();
        let t = t + w.vpn.skew;
        let local = when::plain(t, &w.zone);
        let (fw, vpn) = (&w.vpn.ip, &w.vpn.name);
        let user = if line.user.is_empty() { "System" } else { line.user };
        let src = if line.src.is_empty() { "127.0.0.1" } else { line.src };
        let text = match w.ics {
            IcsForm::Standard => {
                let who = if user == "System" {
                    "System()[]".to_owned()
                } else {
                    format!("Default Network::{user}({})[{}][{}]", line.realm, line.roles, line.short)
                };
                format!("<134>1 {} {vpn} PulseSecure: - - - {local} - {vpn} - [{src}] {who} - {}", when::iso_offset(t, &w.zone), line.text)
            }
            form => {
                let body = welf(line, &local, fw, vpn, user, src);
                if form == IcsForm::WelfHead { format!("{} {fw} PulseSecure: {body}", when::iso_offset(t, &w.zone)) } else { body }
            }
        };
        let path = format!("syslog/{vpn}.log");
        self.line(&path, "ivanti/syslog", vpn, t, text, mark);
    }

    pub fn ics_system(&mut self, t: T, code: &str, text: String, mark: Mark) {
        self.ics(t, &Line { code, text, system: true, ..Line::default() }, mark);
    }

    /// A request without session from an address.
    pub fn ics_unauthenticated(&mut self, t: T, src: &str, url: &str, mark: Mark) {
        let text = format!("Unauthenticated request url {url} came from IP {src}.");
        self.ics(t, &Line { code: "AUT31556", text, src, ..Line::default() }, mark);
    }

    /// A connection that has not logged in yet; every browser's first step makes one.
    pub fn ics_not_yet(&mut self, t: T, src: &str, url: &str, mark: Mark) {
        let text = format!("Connection from IP {src} not authenticated yet (URL={url})");
        self.ics(t, &Line { code: "AUT20920", text, src, proto: "auth", ..Line::default() }, mark);
    }

    pub fn ics_scan(&mut self, t: T, new: u64, changed: u64, mark: Mark) {
        self.ics_system(t, "SYS32087", "Integrity Scan Started: Integrity Scan Started".to_owned(), None);
        let end = t + 4 * MIN + self.rng.range(0, 90) * SEC;
        let matched = 18_773 - changed;
        let text = format!(
            "Integrity Scan Completed: Integrity Scan Results : Matched Files {matched}, Newly Detected Files {new}, Mismatched Files {changed}"
        );
        if new > 0 {
            self.ics_system(end - SEC, "SYS32039", format!("Integrity Scan Completed: Detected {new} new files"), mark);
        }
        if changed > 0 {
            self.ics_system(end - SEC, "SYS32040", format!("Integrity Scan Completed: Detected {changed} mismatched files"), mark);
        }
        self.ics_system(end, "SYS32088", text, if new + changed > 0 { mark } else { None });
    }

    /// Authentication and tunnel of a user from an address.
    pub fn ics_login(&mut self, t: T, user: &User, src: &str, inner: &str, mark: Mark) -> Session {
        let session = Session {
            login: user.login.clone(),
            sid: format!("sid{}", self.rng.hex(48)),
            short: self.rng.hex(10),
            inner: inner.to_owned(),
            src: src.to_owned(),
            agent: user.agent.clone(),
            pc: user.pc.clone(),
        };
        let realm = self.w.realm.clone();
        let agent = user.agent.as_str();
        self.ics_not_yet(t - 4 * SEC, src, "/dana-na/auth/url_default/welcome.cgi", mark);
        let mac = &user.mac;
        let checked = format!("Host Checker policy 'Corp-Baseline' passed on host '{src}' address '{mac}' for user '{}'.", user.login);
        self.ics_pre(t - 2 * SEC, user, src, "AUT24803", checked, mark);
        let primary = format!("Primary authentication successful for {}/{realm} from {src}", user.login);
        self.ics_pre(t, user, src, "AUT24326", primary, mark);
        let checker = format!("Host Checker realm restrictions successfully passed for {}/{realm} ", user.login);
        self.ics_pre(t + SEC, user, src, "AUT23278", checker, mark);
        let text = format!("Agent login succeeded for {}/{realm} (session:{}) from {src} with {agent}.", user.login, session.sid);
        self.ics_in(t + 2 * SEC, &session, "AUT24414", "auth", text, mark);
        self.ics_tunnel(t + 4 * SEC, &session, mark);
        session
    }

    fn ics_pre(&mut self, t: T, user: &User, src: &str, code: &str, text: String, mark: Mark) {
        let realm = self.w.realm.clone();
        let line = Line { user: &user.login, realm: &realm, proto: "auth", src, agent: &user.agent, code, text, ..Line::default() };
        self.ics(t, &line, mark);
    }

    /// A line within a session.
    pub fn ics_in(&mut self, t: T, s: &Session, code: &str, proto: &str, text: String, mark: Mark) {
        let w = self.w.clone();
        let line = Line {
            user: &s.login,
            realm: &w.realm,
            roles: &w.role,
            short: &s.short,
            proto,
            src: &s.src,
            agent: &s.agent,
            code,
            text,
            system: false,
        };
        self.ics(t, &line, mark);
    }

    pub fn ics_tunnel(&mut self, t: T, s: &Session, mark: Mark) {
        let text =
            format!("VPN Tunneling: Session started for user  (session: {}) with IPv4 address {}, hostname {}", s.sid, s.inner, s.pc);
        self.ics_in(t, s, "NWC23464", "", text, mark);
        let text = format!("VPN Tunneling: User with IP {} connected with ESP transport mode. ", s.inner);
        self.ics_in(t + SEC, s, "NWC30477", "", text, mark);
    }

    pub fn ics_tunnel_end(&mut self, t: T, s: &Session, mark: Mark) {
        let text = format!("VPN Tunneling: Session ended for user (session:{}) with IPv4 address {}", s.sid, s.inner);
        self.ics_in(t, s, "NWC23465", "", text, mark);
    }

    pub fn ics_logout(&mut self, t: T, s: &Session, mark: Mark) {
        self.ics_tunnel_end(t, s, mark);
        self.ics_in(t + SEC, s, "AUT22673", "auth", format!("Logout from {} (session:{})", s.src, s.sid), mark);
    }

    pub fn ics_failed(&mut self, t: T, user: &User, src: &str, mark: Mark) {
        let realm = self.w.realm.clone();
        let text = format!("Primary authentication failed for {}/{realm} from {src}", user.login);
        self.ics_pre(t, user, src, "AUT24327", text, mark);
        self.ics_pre(t, user, src, "AUT23457", "Login failed using auth server AD (LDAP Server).  Reason: Failed".to_owned(), mark);
    }
}

fn welf(line: &Line, local: &str, fw: &str, vpn: &str, user: &str, src: &str) -> String {
    let Line { realm, roles, short, proto, agent, code, text, .. } = line;
    if line.system {
        return format!(
            "id=firewall time=\"{local}\" pri=6 fw={fw} vpn={vpn} user={user} realm=\"\" roles=\"\" type=mgmt proto= src={src} dst= dstname= sent= rcvd= msg=\"{code}: {text}\""
        );
    }
    format!(
        "id=firewall time=\"{local}\" pri=6 fw={fw} vpn={vpn} ivs=Default Network user={user} realm=\"{realm}\" roles=\"{roles}\" sessionID=\"{short}\" proto={proto} src={src} dst= dstname= type=vpn op= arg=\"\" result= sent= rcvd= agent=\"{agent}\" duration= msg=\"{code}: {text}\""
    )
}
