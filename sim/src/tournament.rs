//! Which of many times is the least: a tree of winners.

/// See the module.
#[derive(Default)]
pub(crate) struct Tournament {
    /// The root at 1; the leaves in the second half.
    winners: Vec<u32>,
    times: Vec<f64>,
}

impl Tournament {
    /// The least time and whose it is, if there is one that is not infinite.
    pub(crate) fn first(&self) -> Option<(f64, u32)> {
        let winner = *self.winners.get(1)?;
        let time = self.times[winner as usize];
        (time < f64::INFINITY).then_some((time, winner))
    }

    /// Somebody's time is this from now on.
    pub(crate) fn set(&mut self, number: u32, time: f64) {
        let at = number as usize;
        if at >= self.times.len() {
            self.grow((at + 1).next_power_of_two().max(2));
        }
        self.times[at] = time;
        let mut node = (self.times.len() + at) / 2;
        while node > 0 {
            self.play(node);
            node /= 2;
        }
    }

    fn play(&mut self, node: usize) {
        let (a, b) = (self.winners[2 * node], self.winners[2 * node + 1]);
        let is_earlier = self.times[a as usize] <= self.times[b as usize];
        self.winners[node] = if is_earlier { a } else { b };
    }

    fn grow(&mut self, leaves: usize) {
        self.times.resize(leaves, f64::INFINITY);
        self.winners = vec![0; 2 * leaves];
        for leaf in 0..leaves {
            self.winners[leaves + leaf] = leaf as u32;
        }
        (1..leaves).rev().for_each(|node| self.play(node));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_wins_whatever_changes() {
        let mut tree = Tournament::default();
        assert_eq!(tree.first(), None);
        let mut times = [f64::INFINITY; 9];
        for (number, time) in [
            (4, 7.0),
            (0, 9.0),
            (8, 3.0),
            (8, f64::INFINITY),
            (2, 5.0),
            (4, 1.0),
            (2, 0.5),
        ] {
            times[number] = time;
            tree.set(number as u32, time);
            let least = (0..9)
                .min_by(|a, b| times[*a].total_cmp(&times[*b]))
                .unwrap();
            assert_eq!(tree.first(), Some((times[least], least as u32)));
        }
    }
}
