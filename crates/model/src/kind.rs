//! What kind of thing an event is: the vocabulary that sources write and chain reads, whatever the vendor.

use serde::{Deserialize, Serialize};

/// Kinds by name (`as_str`), used in columns, joins and texts. `Other` is every event with no meaning of its own here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", from = "String")]
pub enum Kind {
    Other,
    // Accounts and sessions.
    AuthSuccess,
    AuthFailure,
    /// Use of explicit credentials for another host (4648).
    AuthExplicit,
    AuthLogout,
    /// Something asked of a service without having authenticated.
    AuthMissing,
    SessionStart,
    SessionEnd,
    /// The same session seen from another address or resumed.
    SessionChange,
    TunnelStart,
    TunnelEnd,
    RdpConnect,
    RdpLogon,
    RdpLogoff,
    RdpDisconnect,
    RdpReconnect,
    ShareAccess,
    AccountCreate,
    AccountChange,
    AccountDelete,
    GroupAdd,
    GroupRemove,
    PermissionChange,
    // Network.
    Flow,
    Dns,
    Tls,
    Http,
    WebRequest,
    Alert,
    // Hosts.
    ProcessStart,
    /// A process seen in a list or snapshot, not its start.
    ProcessSeen,
    ShellCommand,
    ServiceInstall,
    ServiceStart,
    ServiceStop,
    TaskCreate,
    FileCreate,
    FileChange,
    FileDelete,
    FileSeen,
    FileTransfer,
    /// An integrity check found a file that is new.
    IntegrityNew,
    /// An integrity check found a file that was changed.
    IntegrityChanged,
    IntegrityScan,
    ConfigChange,
    ConfigExport,
    SshEnabled,
    SshDisabled,
    SshSession,
    ShellEnabled,
    LockdownChange,
    FirewallChange,
    SoftwareInstall,
    TimeChange,
    Boot,
    Shutdown,
    LogCleared,
    LogStopped,
    LogStarted,
    /// A regular sign of life of the source.
    Heartbeat,
    // Virtual machines.
    VmCreate,
    VmClone,
    VmRegister,
    VmUnregister,
    VmDelete,
    VmPowerOn,
    VmPowerOff,
    VmReconfigure,
    VmRename,
    VmMigrate,
    VmSnapshot,
    /// The machine's own executor wrote that it started (`vmware.log`).
    VmxStart,
    VmxStop,
    /// In a list of running machines.
    VmRunning,
    /// In a list of registered machines.
    VmRegistered,
    /// A machine's definition on a datastore.
    VmOnDisk,
    /// Started by a boot script.
    VmBootScript,
    /// A network port or card of a machine in a list.
    VmPort,
    VmListExport,
    GuestOperation,
    DatastoreFile,
    /// A list was collected (and is complete), so absence from it means something. `object` names the list.
    InventoryList,
    TaskStart,
    ApiSession,
    // Mail.
    MailReceived,
    MailDelivered,
    MailSent,
    MailAccessed,
    /// A message as it lies in a file.
    MailStored,
    MailDeleted,
    MailRule,
    MailPermission,
    // Boot scripts, cron, units: one line of a file that runs by itself.
    Autostart,
    /// Another tool's finding.
    ForeignFinding,
}

const NAMES: &[(Kind, &str)] = &[
    (Kind::Other, "other"),
    (Kind::AuthSuccess, "auth.success"),
    (Kind::AuthFailure, "auth.failure"),
    (Kind::AuthExplicit, "auth.explicit"),
    (Kind::AuthLogout, "auth.logout"),
    (Kind::AuthMissing, "auth.missing"),
    (Kind::SessionStart, "session.start"),
    (Kind::SessionEnd, "session.end"),
    (Kind::SessionChange, "session.change"),
    (Kind::TunnelStart, "tunnel.start"),
    (Kind::TunnelEnd, "tunnel.end"),
    (Kind::RdpConnect, "rdp.connect"),
    (Kind::RdpLogon, "rdp.logon"),
    (Kind::RdpLogoff, "rdp.logoff"),
    (Kind::RdpDisconnect, "rdp.disconnect"),
    (Kind::RdpReconnect, "rdp.reconnect"),
    (Kind::ShareAccess, "share.access"),
    (Kind::AccountCreate, "account.create"),
    (Kind::AccountChange, "account.change"),
    (Kind::AccountDelete, "account.delete"),
    (Kind::GroupAdd, "group.add"),
    (Kind::GroupRemove, "group.remove"),
    (Kind::PermissionChange, "permission.change"),
    (Kind::Flow, "flow"),
    (Kind::Dns, "dns"),
    (Kind::Tls, "tls"),
    (Kind::Http, "http"),
    (Kind::WebRequest, "web.request"),
    (Kind::Alert, "alert"),
    (Kind::ProcessStart, "process.start"),
    (Kind::ProcessSeen, "process.seen"),
    (Kind::ShellCommand, "shell.command"),
    (Kind::ServiceInstall, "service.install"),
    (Kind::ServiceStart, "service.start"),
    (Kind::ServiceStop, "service.stop"),
    (Kind::TaskCreate, "task.create"),
    (Kind::FileCreate, "file.create"),
    (Kind::FileChange, "file.change"),
    (Kind::FileDelete, "file.delete"),
    (Kind::FileSeen, "file.seen"),
    (Kind::FileTransfer, "file.transfer"),
    (Kind::IntegrityNew, "integrity.new"),
    (Kind::IntegrityChanged, "integrity.changed"),
    (Kind::IntegrityScan, "integrity.scan"),
    (Kind::ConfigChange, "config.change"),
    (Kind::ConfigExport, "config.export"),
    (Kind::SshEnabled, "ssh.enabled"),
    (Kind::SshDisabled, "ssh.disabled"),
    (Kind::SshSession, "ssh.session"),
    (Kind::ShellEnabled, "shell.enabled"),
    (Kind::LockdownChange, "lockdown.change"),
    (Kind::FirewallChange, "firewall.change"),
    (Kind::SoftwareInstall, "software.install"),
    (Kind::TimeChange, "time.change"),
    (Kind::Boot, "boot"),
    (Kind::Shutdown, "shutdown"),
    (Kind::LogCleared, "log.cleared"),
    (Kind::LogStopped, "log.stopped"),
    (Kind::LogStarted, "log.started"),
    (Kind::Heartbeat, "heartbeat"),
    (Kind::VmCreate, "vm.create"),
    (Kind::VmClone, "vm.clone"),
    (Kind::VmRegister, "vm.register"),
    (Kind::VmUnregister, "vm.unregister"),
    (Kind::VmDelete, "vm.delete"),
    (Kind::VmPowerOn, "vm.power-on"),
    (Kind::VmPowerOff, "vm.power-off"),
    (Kind::VmReconfigure, "vm.reconfigure"),
    (Kind::VmRename, "vm.rename"),
    (Kind::VmMigrate, "vm.migrate"),
    (Kind::VmSnapshot, "vm.snapshot"),
    (Kind::VmxStart, "vmx.start"),
    (Kind::VmxStop, "vmx.stop"),
    (Kind::VmRunning, "vm.running"),
    (Kind::VmRegistered, "vm.registered"),
    (Kind::VmOnDisk, "vm.on-disk"),
    (Kind::VmBootScript, "vm.boot-script"),
    (Kind::VmPort, "vm.port"),
    (Kind::VmListExport, "vm.list-export"),
    (Kind::GuestOperation, "guest.operation"),
    (Kind::DatastoreFile, "datastore.file"),
    (Kind::InventoryList, "inventory.list"),
    (Kind::TaskStart, "task.start"),
    (Kind::ApiSession, "api.session"),
    (Kind::MailReceived, "mail.received"),
    (Kind::MailDelivered, "mail.delivered"),
    (Kind::MailSent, "mail.sent"),
    (Kind::MailAccessed, "mail.accessed"),
    (Kind::MailStored, "mail.stored"),
    (Kind::MailDeleted, "mail.deleted"),
    (Kind::MailRule, "mail.rule"),
    (Kind::MailPermission, "mail.permission"),
    (Kind::Autostart, "autostart"),
    (Kind::ForeignFinding, "foreign.finding"),
];

impl Kind {
    pub fn as_str(self) -> &'static str {
        NAMES.iter().find(|(kind, _)| *kind == self).map_or("other", |(_, name)| name)
    }

    /// The kind of that name; `None` for a name outside the vocabulary.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, n)| *n == name).map(|(kind, _)| *kind)
    }

    /// Every kind with its name, in the order of the vocabulary.
    pub fn all() -> impl Iterator<Item = (Self, &'static str)> {
        NAMES.iter().copied()
    }
}

impl From<Kind> for String {
    fn from(kind: Kind) -> Self {
        kind.as_str().to_owned()
    }
}

impl From<String> for Kind {
    fn from(name: String) -> Self {
        Self::parse(&name).unwrap_or(Self::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_complete() {
        for (index, (kind, name)) in NAMES.iter().enumerate() {
            assert_eq!(NAMES.iter().position(|(k, n)| k == kind || n == name), Some(index));
            assert_eq!(Kind::parse(name), Some(*kind));
            assert_ne!((kind.as_str() == "other"), *kind != Kind::Other);
        }
    }
}
