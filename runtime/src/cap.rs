//! Who may work: what a cap, the health of engines and the policy say of that.

use crate::decide::policy::Policy;

/// Who may work: the first so many, but those that are relieved, or that the policy has turned off.
pub(crate) struct Cap {
    /// How many were said last.
    pub(crate) seats: usize,
    /// What is aimed at now.
    pub(crate) policy: Policy,
    /// What may be drawn, in microwatts.
    pub(crate) power_uw: Option<u64>,
    /// Engines that limp, or do not move, are relieved.
    pub(crate) relieves: bool,
    /// Those whose engines limp, or do not move.
    pub(crate) relieved: Box<[bool]>,
    /// Those that the policy, or the power cap, has turned off.
    pub(crate) off: Box<[bool]>,
}

impl Cap {
    pub(crate) fn new(seats: usize) -> Self {
        Cap {
            seats,
            policy: Policy::default(),
            power_uw: None,
            relieves: false,
            relieved: vec![false; seats].into(),
            off: vec![false; seats].into(),
        }
    }

    /// Those of which that is so.
    pub(crate) fn which(of: &[bool]) -> Vec<usize> {
        let those = of.iter().enumerate().filter(|(_, is)| **is);
        those.map(|(xe, _)| xe).collect()
    }

    /// Whether some of these seats are relieved.
    pub(crate) fn is_any_relieved(&self, first: u16, count: u16) -> bool {
        let seats = &self.relieved[usize::from(first)..][..usize::from(count)];
        seats.contains(&true)
    }

    /// Whether control engines are to see what engines do.
    pub(crate) fn is_watched(&self) -> bool {
        self.relieves || self.is_regulated()
    }

    /// Whether there is anything to say of how many engines work, and how fast.
    pub(crate) fn is_regulated(&self) -> bool {
        self.policy.narrows() || self.power_uw.is_some()
    }

    /// How many seats of a domain, of which this is the first, there are for a policy to turn off or not.
    pub(crate) fn workers(&self, first: u16, count: u16) -> usize {
        let xes = usize::from(first)..usize::from(first) + usize::from(count);
        xes.filter(|xe| self.is_worker(*xe)).count()
    }

    fn is_worker(&self, xe: usize) -> bool {
        xe < self.seats && !self.relieved[xe]
    }

    /// The policy lets the first of these, so many, work, and turns the others off. Whether that changes anything.
    pub(crate) fn narrow(&mut self, (first, count): (u16, u16), width: usize) -> bool {
        let (mut workers, mut changes) = (0, false);
        for xe in usize::from(first)..usize::from(first) + usize::from(count) {
            let is_worker = self.is_worker(xe);
            let off = is_worker && workers >= width;
            workers += usize::from(is_worker);
            changes |= std::mem::replace(&mut self.off[xe], off) != off;
        }
        changes
    }

    /// Whether a seat is open. If nobody would be left below the cap, none is turned off, and if all are relieved, none is: slow engines are better
    /// than none.
    pub(crate) fn is_open(&self, xe: usize) -> bool {
        let below = 0..self.seats;
        let is_well = |xe: usize| !self.relieved[xe];
        let works = |xe: usize| is_well(xe) && !self.off[xe];
        below.contains(&xe)
            && (works(xe)
                || !below.clone().any(works) && (is_well(xe) || !below.clone().any(is_well)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_works_whatever_is_said_of_engines() {
        let mut cap = Cap::new(4);
        let open = |cap: &Cap| (0..4).filter(|xe| cap.is_open(*xe)).collect::<Vec<_>>();
        assert_eq!(open(&cap), [0, 1, 2, 3]);
        cap.off[2..].fill(true);
        assert_eq!(open(&cap), [0, 1]);
        cap.relieved[0] = true;
        assert_eq!(open(&cap), [1]);
        // Those that are well though they were turned off are better than those that limp.
        cap.relieved[1] = true;
        assert_eq!(open(&cap), [2, 3]);
        cap.seats = 3;
        assert_eq!(open(&cap), [2]);
        cap.relieved[2] = true;
        assert_eq!(open(&cap), [0, 1, 2]);
        assert_eq!(Cap::which(&cap.relieved), [0, 1, 2]);
    }

    #[test]
    fn a_policy_counts_those_that_could_work() {
        let mut cap = Cap::new(8);
        cap.seats = 7;
        cap.relieved[4] = true;
        // The second domain, of four.
        assert_eq!(cap.workers(4, 4), 2);
        assert!(cap.narrow((4, 4), 1));
        assert_eq!(Cap::which(&cap.off), [6]);
        assert!(cap.is_open(5));
        assert!(!cap.narrow((4, 4), 1));
        assert!(cap.narrow((4, 4), 2));
        assert_eq!(Cap::which(&cap.off), []);
        assert!(!cap.is_watched());
        cap.policy = Policy::EnergyDelay;
        assert!(cap.is_watched());
        (cap.policy, cap.power_uw) = (Policy::Performance, Some(1));
        assert!(cap.is_watched() && cap.is_regulated());
    }
}
