//! The comparison as a table for people.

use std::fmt::Write;

use crate::score::{Ratio, Score};

impl Score {
    /// One line per measure; what is missing or wrong below it, at most ten.
    pub fn table(&self) -> String {
        let mut out = format!("{} seed {}\n", self.case, self.seed);
        let mut row = |name: &str, r: Ratio, wrong: &[String]| {
            let _ = writeln!(out, "{name:<34} {:>7.3}  {:>6} of {}", r.value(), r.right, r.all);
            for w in wrong.iter().take(10) {
                let _ = writeln!(out, "    - {w}");
            }
            if wrong.len() > 10 {
                let _ = writeln!(out, "    … and {} more", wrong.len() - 10);
            }
        };
        row("step recall", self.step_recall, &self.steps_missed);
        row("step recall, any finding", self.step_recall_in_findings, &[]);
        row("optional steps", self.optional_recall, &[]);
        row("steps citing a decisive line", self.must_cite, &[]);
        row("technique agreement", self.techniques, &self.techniques_wrong);
        row("tactic agreement", self.tactics, &[]);
        row("precision, critical", self.precision_critical, &[]);
        row("precision, high", self.precision_high, &self.false_alarms);
        row("hidden machines", self.hidden_vms, &[]);
        row("link precision, exact", self.link_precision_exact, &self.links_wrong);
        row("link precision, interval", self.link_precision_interval, &[]);
        row("link recall, exact", self.link_recall_exact, &self.links_missed);
        row("link recall, interval", self.link_recall_interval, &[]);
        row("gap recall", self.gap_recall, &self.gaps_missed);
        row("hidden steps admitted", self.hidden_steps_admitted, &[]);
        row("messages confirmed", self.messages_confirmed, &[]);
        row("messages not excluded", self.messages_possible, &[]);
        self.rest(&mut out);
        out
    }

    fn rest(&self, out: &mut String) {
        let _ = writeln!(out, "false denials                      {:>7}", self.false_denials.len());
        for d in &self.false_denials {
            let _ = writeln!(out, "    - {d}");
        }
        let _ = writeln!(out, "chain steps without truth          {:>7}", self.chain_steps_wrong.len());
        for d in self.chain_steps_wrong.iter().take(10) {
            let _ = writeln!(out, "    - {d}");
        }
        let _ = writeln!(out, "links by time, merged              {:>7}  {}", self.links_by_time, self.links_merged);
        let _ = writeln!(out, "messages wrongly told              {:>7}  {}", self.messages_confirmed_wrong, self.messages_possible_wrong);
        let _ = writeln!(out, "bytes out {} {}", if self.bytes_out_holds { "hold" } else { "DO NOT HOLD" }, self.bytes_out);
        let levels: Vec<String> = self.findings_by_level.iter().map(|(l, n)| format!("{l} {n}")).collect();
        let _ = writeln!(out, "findings {}; high per 30 days {:.2}", levels.join(", "), self.high_per_30_days);
        let _ = writeln!(out, "lines to read {}, per true step {:.1}", self.lines_to_read, self.lines_per_true_step);
        let _ = writeln!(out, "rejected records {}, unrecognised files {}", self.rejected, self.unrecognised);
    }
}
