//! stub
use crate::ctx::Lab;
pub fn plot(_lab: &mut Lab) {}
pub fn life(lab: &mut Lab, day: i64) {
    crate::life::day(lab, day);
}
