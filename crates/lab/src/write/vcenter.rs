//! vCenter: event syslog, vpxd.log, single sign-on audit, web client and envoy access logs, appliance management.

use crate::ctx::Lab;
use crate::store::{Mark, NUMBER};
use crate::when::{self, SEC, T};

/// A request that reached the web client through envoy.
#[derive(Clone, Debug, Default)]
pub struct Web<'a> {
    pub client: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    pub status: u16,
    pub bytes: u64,
    /// Bytes the client sent.
    pub sent: u64,
}

impl Lab {
    fn vc_file(&mut self, file: &str, source: &'static str, t: T, text: String, mark: Mark) {
        let host = self.w.vcsa.name.clone();
        let path = if file.starts_with("syslog/") { file.to_owned() } else { format!("{host}/{file}") };
        self.line(&path, source, &host, t, text, mark);
    }

    /// `Event [key] [1-1] [time] [type] [severity] [user] [datacenter] [chain] [text]` as remote syslog carries it.
    pub fn vc_event(&mut self, t: T, kind: &str, user: &str, place: &str, text: &str, mark: Mark) {
        let w = self.w.clone();
        let t = t + w.vcsa.skew;
        let severity = if kind.starts_with("Bad") { "error" } else { "info" };
        let line = format!(
            "<14>1 {} {} vpxd 58650 - -  Event [{NUMBER}] [1-1] [{}] [vim.event.{kind}] [{severity}] [{user}] [{place}] [{NUMBER}] [{text}]",
            when::iso_us_zero(t + 350),
            w.vcsa.name,
            when::iso_us(t)
        );
        let path = format!("syslog/{}-events.log", w.vcsa.name);
        self.vc_file(&path, "vmware/vcenter_events", t, line, mark);
    }

    /// An event whose text does not fit: `[1-2]`, `[2-2]`, the first part not closed.
    pub fn vc_event_parts(&mut self, t: T, kind: &str, user: &str, texts: (&str, &str), mark: Mark) {
        let w = self.w.clone();
        let t = t + w.vcsa.skew;
        let key = 900_000 + self.rng.below(99_999);
        let path = format!("syslog/{}-events.log", w.vcsa.name);
        let head = format!("<14>1 {} {} vpxd 58650 - - ", when::iso_us_zero(t + 350), w.vcsa.name);
        let first = format!(
            "{head} Event [{key}] [1-2] [{}] [vim.event.{kind}] [info] [{user}] [{}] [{key}] [{}",
            when::iso_us(t),
            w.datacenter,
            texts.0
        );
        self.vc_file(&path, "vmware/vcenter_events", t, first, mark);
        self.vc_file(&path, "vmware/vcenter_events", t + 1, format!("{head} Event [{key}] [2-2] {}]", texts.1), mark);
    }

    pub fn vpxd(&mut self, t: T, sub: &str, op_id: &str, message: &str, mark: Mark) {
        let t = t + self.w.vcsa.skew;
        let pid = 6000 + self.rng.below(900);
        let op = if op_id.is_empty() { String::new() } else { format!(" opID={op_id}") };
        let text = format!("{} info vpxd[{pid:05}] [Originator@6876 sub={sub}{op}] {message}", when::iso_ms(t));
        self.vc_file("var/log/vmware/vpxd/vpxd.log", "vmware/vcenter_vpxd", t, text, mark);
    }

    /// A task of vpxd from begin to finish.
    pub fn vpxd_task(&mut self, t: T, took: T, op_id: &str, target: &str, method: &str, mark: Mark) {
        let task = 30_000 + self.rng.below(60_000);
        let (a, b) = (self.rng.uuid(), self.rng.uuid());
        self.vpxd(t, "vpxLro", op_id, &format!("[VpxLRO] -- BEGIN task-{task} -- {target} -- {method} -- {a}({b})"), mark);
        self.vpxd(t + took, "vpxLro", op_id, &format!("[VpxLRO] -- FINISH task-{task}"), mark);
    }

    pub fn sso(&mut self, t: T, user: &str, client: &str, kind: &str, description: &str, mark: Mark) {
        let t = t + self.w.vcsa.skew;
        let (stamp, american) = (when::iso_ms(t), when::american(t));
        let json = format!(
            "{{\"user\":\"{user}\",\"client\":\"{client}\",\"timestamp\":\"{american} UTC\",\"description\":\"{description}\",\"eventSeverity\":\"INFO\",\"type\":\"com.vmware.sso.{kind}\"}}"
        );
        self.vc_file("var/log/audit/sso-events/audit_events.log", "vmware/vcenter_sso", t, format!("{stamp} {json}"), mark);
        if kind.starts_with("Login") {
            let json = json.replace(" UTC\"", " GMT\"");
            let (worker, id) = (self.rng.below(60), self.rng.uuid());
            let text = format!("{stamp} INFO websso[{}:tomcat-http--{worker}] [CorId={id}] [auditlogger] {json}", worker + 20);
            self.vc_file("var/log/vmware/sso/websso.log", "vmware/vcenter_sso", t, text, mark);
        }
    }

    /// A login through the web client: single sign-on knows the address, vpxd sees 127.0.0.1.
    pub fn vc_login(&mut self, t: T, upn: &str, down: &str, client: &str, mark: Mark) {
        let text = format!("User {upn}@{client} logged in with response code 200");
        self.sso(t, upn, client, "LoginSuccess", &text, mark);
        let web = Web { client, method: "GET", path: "/ui/login", status: 302, bytes: 0, sent: 420 };
        self.ui(t - 2 * SEC, &web, mark);
        self.ui(t + SEC, &Web { method: "GET", path: "/ui/", status: 200, bytes: 5120, ..web }, mark);
        let text = format!("User {down}@127.0.0.1 logged in as VMware vim-java 1.0");
        self.vc_event(t + SEC + 300_000, "UserLoginSessionEvent", down, "", &text, mark);
        let when = when::american(t + self.w.vcsa.skew);
        let text = format!("Successful login {upn} from {client} at {when} GMT in SSO");
        self.vc_event(t + 60 * SEC, "EventEx", upn, "", &text, mark);
    }

    pub fn vc_failed(&mut self, t: T, upn: &str, client: &str, mark: Mark) {
        let text = format!("User {upn}@{client} failed to log in with response code 401");
        self.sso(t, upn, client, "LoginFailure", &text, mark);
    }

    pub fn vc_logout(&mut self, t: T, login: T, down: &str, from: &str, calls: u64, agent: &str, mark: Mark) {
        let text = format!(
            "User {down}@{from} logged out (login time: {}, number of API invocations: {calls}, user agent: {agent})",
            when::long_login(login)
        );
        self.vc_event(t, "UserLogoutSessionEvent", down, "", &text, mark);
    }

    /// A request to the web client, in its own log and in envoy's.
    pub fn ui(&mut self, t: T, web: &Web, mark: Mark) {
        let w = self.w.clone();
        let t = t + w.vcsa.skew;
        let seen = if w.ui_proxy { "127.0.0.1" } else { web.client };
        let text = format!(
            "{seen} - - [{}] \"{} {} HTTP/1.1\" {} {}",
            when::clf(t, &jiff::tz::TimeZone::UTC),
            web.method,
            web.path,
            web.status,
            web.bytes
        );
        let path = format!("var/log/vmware/vsphere-ui/logs/access/localhost_access_log.{}.txt", when::day(t));
        self.vc_file(&path, "vmware/vcenter_access", t, text, mark);
        self.envoy(t - w.vcsa.skew, web, "5090", mark);
    }

    pub fn envoy(&mut self, t: T, web: &Web, port: &str, mark: Mark) {
        let w = self.w.clone();
        let t = t + w.vcsa.skew;
        let (a, b) = (self.port(), self.port());
        let text = format!(
            "{} info envoy[2527] [Originator@6876 sub=Default] {} {} {} HTTP/1.1 {} via_upstream - {} {} {} 0 0 {}:{a} {}:443 127.0.0.1:{b} 127.0.0.1:{port}",
            when::iso_ms(t + SEC),
            when::iso_ms(t),
            web.method,
            web.path,
            web.status,
            web.sent,
            web.bytes,
            3 + web.bytes % 40,
            web.client,
            w.vcsa.ip
        );
        self.vc_file("var/log/vmware/envoy/envoy-access.log", "vmware/vcenter_access", t, text, mark);
    }

    /// A change of the appliance's own settings, asked for over its management API.
    pub fn vami(&mut self, t: T, user: &str, web: &Web, privilege: &str, authorized: bool, mark: Mark) {
        self.envoy(t, web, "5480", mark);
        let w = self.w.clone();
        let t = t + w.vcsa.skew;
        let yes = if authorized { "True" } else { "False" };
        let text = format!(
            "<14>1 {} {} applmgmt-audit - - -  {}: INFO Authorization Result: User={user}, priv={privilege}, authorized={yes}",
            when::iso_us_zero(t + 400),
            w.vcsa.name,
            when::iso_ms_bare(t)
        );
        let path = format!("syslog/{}-events.log", w.vcsa.name);
        self.vc_file(&path, "vmware/vcenter_events", t, text, mark);
    }
}
