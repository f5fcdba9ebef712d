//! Headers of one ZIP member, central and local (PKWARE APPNOTE 6.3; extra fields by Info-ZIP).

use konseki_model::time::micros_from_civil;

pub(crate) const LOCAL: usize = 30;
pub(crate) const CENTRAL: usize = 46;

/// One member, as the central directory or its own header tells it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub name: Vec<u8>,
    pub flags: u16,
    pub method: u16,
    pub dos: u32,
    pub crc: u32,
    pub compressed: u64,
    pub size: u64,
    /// Where its local header is, from the start of the file.
    pub header: u64,
    /// Unix mode, where a Unix made it.
    pub mode: u32,
    /// Last change in microseconds UTC, from extra fields.
    pub utc: Option<i64>,
    /// A name in UTF-8 beside the plain one, and the CRC of the plain one.
    unicode: Option<(u32, Vec<u8>)>,
    /// Body of the AES extra field: version, vendor, strength, method.
    pub aes: Option<[u8; 7]>,
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..at + 2).and_then(|b| b.try_into().ok()).map_or(0, u16::from_le_bytes)
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes)
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..at + 8).and_then(|b| b.try_into().ok()).map_or(0, u64::from_le_bytes)
}

impl Member {
    /// From a central header; `rest` holds name, extra fields and comment. `header` is as written.
    pub fn central(fixed: &[u8; CENTRAL], rest: &[u8]) -> Self {
        let name = usize::from(u16_at(fixed, 28));
        let extra = usize::from(u16_at(fixed, 30));
        let attributes = u32_at(fixed, 38);
        // Unix and macOS keep the mode in the upper half.
        let unix = matches!(fixed.get(5), Some(3 | 19));
        let mut member = Self {
            name: rest.get(..name).unwrap_or_default().to_vec(),
            flags: u16_at(fixed, 8),
            method: u16_at(fixed, 10),
            dos: u32_at(fixed, 12),
            crc: u32_at(fixed, 16),
            compressed: u32_at(fixed, 20).into(),
            size: u32_at(fixed, 24).into(),
            header: u32_at(fixed, 42).into(),
            mode: if unix { attributes >> 16 } else { 0 },
            ..Self::default()
        };
        member.extra(rest.get(name..name + extra).unwrap_or_default());
        member
    }

    /// From a local header at `at`; `rest` holds name and extra fields.
    pub fn local(fixed: &[u8; LOCAL], rest: &[u8], at: u64) -> Self {
        let name = usize::from(u16_at(fixed, 26));
        let mut member = Self {
            name: rest.get(..name).unwrap_or_default().to_vec(),
            flags: u16_at(fixed, 6),
            method: u16_at(fixed, 8),
            dos: u32_at(fixed, 10),
            crc: u32_at(fixed, 14),
            compressed: u32_at(fixed, 18).into(),
            size: u32_at(fixed, 22).into(),
            ..Self::default()
        };
        member.extra(rest.get(name..).unwrap_or_default());
        member.header = at;
        member
    }

    fn extra(&mut self, mut bytes: &[u8]) {
        while bytes.len() >= 4 {
            let length = usize::from(u16_at(bytes, 2));
            let Some(body) = bytes.get(4..4 + length) else { return };
            match u16_at(bytes, 0) {
                1 => self.zip64(body),
                // NTFS: after four reserved bytes and the tag of the times, FILETIME of the last change.
                0x0a if u16_at(body, 4) == 1 && body.len() >= 16 => {
                    let filetime = i64::try_from(u64_at(body, 8)).ok();
                    let micros = filetime.map(|t| t / 10 - 11_644_473_600_000_000);
                    self.utc = self.utc.or(micros);
                }
                // UT: flag 1 says that the last change is there, seconds UTC.
                0x5455 if body.first().is_some_and(|f| f & 1 != 0) && body.len() >= 5 => {
                    self.utc = Some(i64::from(u32_at(body, 1) as i32) * 1_000_000);
                }
                0x7075 if body.len() > 5 => {
                    let name = body.get(5..).unwrap_or_default().to_vec();
                    self.unicode = Some((u32_at(body, 1), name));
                }
                0x9901 => self.aes = body.get(..7).and_then(|b| b.try_into().ok()),
                _ => {}
            }
            bytes = bytes.get(4 + length..).unwrap_or_default();
        }
    }

    /// 64-bit values, present for each field that is all ones.
    fn zip64(&mut self, body: &[u8]) {
        let mut at = 0;
        for value in [&mut self.size, &mut self.compressed, &mut self.header] {
            if *value == u64::from(u32::MAX) && body.len() >= at + 8 {
                *value = u64_at(body, at);
                at += 8;
            }
        }
    }

    pub fn encrypted(&self) -> bool {
        self.flags & 1 != 0
    }

    /// Sizes and checksum follow the data.
    pub fn descriptor(&self) -> bool {
        self.flags & 8 != 0
    }

    /// The effective name, and whether it claims to be UTF-8.
    pub fn name(&self) -> (&[u8], bool) {
        match &self.unicode {
            Some((crc, name)) if *crc == crc32(&self.name) => (name, true),
            _ => (&self.name, self.flags & 0x800 != 0),
        }
    }

    pub fn folder(&self) -> bool {
        self.size == 0 && matches!(self.name.last(), Some(b'/' | b'\\'))
    }

    pub fn symlink(&self) -> bool {
        self.mode & 0o170_000 == 0o120_000
    }

    /// DOS date and time taken as UTC, microseconds; `None` for a time that does not exist.
    pub fn dos_micros(&self) -> Option<i64> {
        let (date, time) = (self.dos >> 16, self.dos & 0xffff);
        let day = (i64::from(1980 + (date >> 9)), date >> 5 & 15, date & 31);
        micros_from_civil(day, (time >> 11, time >> 5 & 63, (time & 31) * 2), 0)
    }

    /// Seconds between the local time of the machine that wrote this and UTC.
    /// DOS time counts in two seconds, zones in quarters of an hour: what fits no zone says nothing.
    pub fn zone_offset(&self) -> Option<i32> {
        let local = self.dos_micros()?.div_euclid(1_000_000);
        let offset = local.checked_sub(self.utc?.div_euclid(1_000_000))?;
        let zone = (offset + 450).div_euclid(900) * 900;
        ((offset - zone).abs() <= 2 && (-43_200..=50_400).contains(&zone)).then(|| i32::try_from(zone).ok())?
    }
}

pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// What members say about the zone of the machine that packed them.
#[derive(Debug, Default)]
pub(crate) struct Zones(Vec<(i64, i32)>);

impl Zones {
    /// Members remembered before runs are folded.
    const ROOM: usize = 4096;

    pub fn add(&mut self, utc: i64, offset: i32) {
        self.0.push((utc, offset));
        if self.0.len() >= Self::ROOM {
            self.fold();
            // An archive of nothing but changes: one in two is as good.
            if self.0.len() > Self::ROOM / 2 {
                let mut index = 0;
                self.0.retain(|_| {
                    index += 1;
                    index % 2 == 0
                });
            }
        }
    }

    /// In order of time, first and last of each run of equal offsets.
    fn fold(&mut self) {
        self.0.sort_unstable();
        self.0.dedup();
        let list = std::mem::take(&mut self.0);
        let offset_at = |index: Option<usize>| index.and_then(|i| list.get(i)).map(|&(_, o)| o);
        let kept = list
            .iter()
            .enumerate()
            .filter(|&(index, &(_, offset))| offset_at(index.checked_sub(1)) != Some(offset) || offset_at(Some(index + 1)) != Some(offset));
        self.0 = kept.map(|(_, &pair)| pair).collect();
    }

    pub fn finish(mut self) -> Vec<(i64, i32)> {
        self.fold();
        self.0
    }
}
