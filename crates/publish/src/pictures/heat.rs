//! The heat map: steps by hour and weekday in the victim's zone. Not for audiences that get days only.

use konseki_model::Fidelity;
use konseki_model::time::days_from_civil;
use konseki_report::Both;

use super::Pen;
use super::canvas::{Anchor, Canvas, INK, QUIET};
use crate::words::book::{number, same};

const WIDTH: f64 = 1000.0;
const NAMES: f64 = 44.0;
const TOP: f64 = 26.0;
const ROW: f64 = 30.0;

pub fn draw(pen: &Pen<'_>) -> Option<(Canvas, Vec<(&'static str, Both)>)> {
    let view = pen.view;
    let timed = view.steps.iter().filter(|at| konseki_report::time::fidelity(&at.step.time.fidelity) <= Fidelity::Hour);
    let times: Vec<i64> = timed.filter_map(|at| at.from).collect();
    if view.clock.days || times.is_empty() {
        return None;
    }
    let mut cells = [[0usize; 24]; 7];
    for at in &times {
        let (day, hour) = place(&view.clock.zone, *at);
        if let Some(cell) = cells.get_mut(day).and_then(|row| row.get_mut(hour)) {
            *cell += 1;
        }
    }
    let most = cells.iter().flatten().copied().max().unwrap_or(1).max(1);
    let mut canvas = pen.canvas("heat", WIDTH);
    let column = (WIDTH - NAMES - 4.0) / 24.0;
    for hour in 0..24 {
        canvas.text((NAMES + (hour as f64 + 0.5) * column, 17.0), 11.5, Anchor::Middle, QUIET, &hour.to_string());
    }
    let names = pen.plain("pictures.heat.days");
    for (day, name) in names.split(' ').enumerate() {
        let y = TOP + day as f64 * ROW;
        canvas.text((6.0, y + 20.0), 12.5, Anchor::Start, INK, name);
        for (hour, n) in cells.get(day).into_iter().flatten().enumerate() {
            cell(&mut canvas, (NAMES + hour as f64 * column, y), column, (*n, most));
        }
    }
    canvas.height = TOP + 7.0 * ROW + 6.0;
    Some((canvas, vec![("n", number(times.len())), ("zone", same(&view.clock.zone.name))]))
}

/// Weekday from Monday and hour of an instant in the zone.
fn place(zone: &konseki_report::time::Zone, micros: i64) -> (usize, usize) {
    let (date, time, _) = zone.parts(micros, Fidelity::Second);
    let mut parts = date.splitn(3, '-').filter_map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next().unwrap_or(1970), parts.next().unwrap_or(1), parts.next().unwrap_or(1));
    let days = days_from_civil(year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1));
    // 1970-01-01 was a Thursday.
    let weekday = usize::try_from((days + 3).rem_euclid(7)).unwrap_or(0);
    (weekday, time.get(..2).and_then(|hour| hour.parse().ok()).unwrap_or(0))
}

fn cell(canvas: &mut Canvas, (x, y): (f64, f64), width: f64, (n, most): (usize, usize)) {
    // Four steps of darkness, so that they can be told apart in print.
    let shade = if n == 0 { 0 } else { (n * 4).div_ceil(most).clamp(1, 4) };
    let (fill, ink) = match shade {
        0 => ("#f6f8fa", INK),
        1 => ("#cfdcea", INK),
        2 => ("#94b3d1", INK),
        3 => ("#4d7eae", "#fff"),
        _ => ("#1f4e79", "#fff"),
    };
    canvas.rect((x, y), (width - 2.0, ROW - 2.0), &format!(" fill=\"{fill}\" stroke=\"#dfe4e9\""));
    if n > 0 {
        canvas.text((x + width / 2.0 - 1.0, y + 18.5), 12.0, Anchor::Middle, ink, &n.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekday_and_hour_are_those_of_the_zone() {
        let zone = konseki_report::time::Zone::new("Asia/Tokyo");
        let at = konseki_report::time::parse_rfc3339("2024-01-07T16:30:00Z").unwrap_or_default();
        // Monday 2024-01-08, 01:30 in Tokyo; Sunday in UTC.
        assert_eq!(place(&zone, at), (0, 1));
        assert_eq!(place(&konseki_report::time::Zone::utc(), at), (6, 16));
    }
}
