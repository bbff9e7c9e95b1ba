//! Control engines as a tree. Each domain's sees its own domain and no more, and asks the one above it for what it cannot do itself; that one sees all domains below it, and so on up to
//! one that sees all. So what is near is settled near, by one who has little to look at, and what is asked for at the same time is asked further up once.
//!
//! Without one, each domain's control engine sees all domains. Posts are places in the tree, those of the domains first, by their numbers.

use super::brokerage::DomainView;
use super::controller::{Decision, Observation, decide};
use super::policy::Tuning;
use crate::mutants::mutant;
use std::ops::Range;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hierarchy {
    posts: Vec<Post>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Post {
    parent: Option<usize>,
    /// The domains that it sees.
    sees: Range<usize>,
}

/// What a control engine does about what it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What it does itself.
    pub decisions: Vec<Decision>,
    /// The post that it asks for the rest.
    pub asks: Option<usize>,
    /// For which of those that asked it.
    pub lacking: Vec<usize>,
}

impl Hierarchy {
    /// None: each of so many domains has one that sees all of them.
    pub fn flat(domains: usize) -> Self {
        let post = Post {
            parent: None,
            sees: 0..domains,
        };
        Hierarchy {
            posts: vec![post; domains],
        }
    }

    /// From where domains are: for each, in order, the groups that it lies in, from the root on. Groups that hold the same domains as the one above, or as a domain
    /// itself, have no post of their own.
    pub fn new(paths: &[Vec<u32>]) -> Self {
        let domain = |at: usize| Post {
            parent: None,
            sees: at..at + 1,
        };
        let mut posts: Vec<Post> = (0..paths.len()).map(domain).collect();
        let depth = paths.iter().map(Vec::len).max().unwrap_or(0);
        // From the deepest groups up.
        for level in (0..depth).rev() {
            let mut first = 0;
            while first < paths.len() {
                let group = paths[first].get(..=level);
                let same = |path: &&Vec<u32>| path.get(..=level) == group;
                let count = paths[first..].iter().take_while(same).count();
                let sees = first..first + count;
                first += count;
                let known = posts.iter().any(|post| post.sees == sees);
                if group.is_some() && !known {
                    let number = posts.len();
                    let below = |post: &&mut Post| {
                        post.parent.is_none()
                            && sees.start <= post.sees.start
                            && post.sees.end <= sees.end
                    };
                    posts
                        .iter_mut()
                        .filter(below)
                        .for_each(|post| post.parent = Some(number));
                    posts.push(Post { parent: None, sees });
                }
            }
        }
        Hierarchy { posts }
    }

    /// How many posts there are.
    pub fn posts(&self) -> usize {
        self.posts.len()
    }

    /// The domains that the one in a post sees.
    pub fn sees(&self, post: usize) -> Range<usize> {
        self.posts[post].sees.clone()
    }

    /// The post above.
    pub fn parent(&self, post: usize) -> Option<usize> {
        self.posts[post].parent
    }

    /// How many posts lie above.
    pub fn height(&self, post: usize) -> usize {
        std::iter::successors(self.parent(post), |post| self.parent(*post)).count()
    }

    /// The one in a post decides for these domains that ask, one after the other; `domains` are those that it sees. What it decides of all of them it decides by the same rules as one
    /// that sees all ([`decide`]). It asks above if one that asks still has sleepers and nothing for them, or if all that it sees sleeps, which may be that a scope is stuck.
    pub fn answer(
        &self,
        post: usize,
        asking: &[usize],
        (domains, open_scopes): (Vec<DomainView>, usize),
        far: impl Fn(usize, usize) -> u64,
        tuning: &Tuning,
    ) -> Answer {
        let (first, parent) = (self.posts[post].sees.start, self.posts[post].parent);
        let own = asking.first().map_or(0, |domain| domain - first);
        let seen = Observation {
            domains,
            own,
            open_scopes,
        };
        let near = |to: usize, from: usize| far(to + first, from + first);
        let mut decisions = decide(&seen, near, tuning);
        let is_stuck = decisions.contains(&Decision::CheckStuck);
        let gets = |at: usize| decisions.iter().any(|one| brings(one, at));
        let lacks = |view: &DomainView| view.queued == 0 && view.asleep > 0;
        let lacking = |domain: &usize| {
            let at = domain - first;
            is_stuck || lacks(&seen.domains[at]) && !gets(at)
        };
        let lacking: Vec<usize> = match parent {
            Some(_) if !mutant!("hierarchy_never_asks") => {
                asking.iter().copied().filter(lacking).collect()
            }
            _ => Vec::new(),
        };
        let asks = parent.filter(|_| !lacking.is_empty());
        if parent.is_some() {
            // That all sleep is for one who sees all to say.
            decisions.retain(|one| *one != Decision::CheckStuck);
        }
        for decision in &mut decisions {
            match decision {
                Decision::Broker { from, to, .. } => (*from, *to) = (*from + first, *to + first),
                Decision::Rouse { domain } => *domain += first,
                Decision::CheckStuck => (),
            }
        }
        Answer {
            decisions,
            asks,
            lacking,
        }
    }
}

fn brings(decision: &Decision, domain: usize) -> bool {
    matches!(decision, Decision::Broker { to, .. } if *to == domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Eight domains: two sockets of two clusters of two.
    fn eight() -> Hierarchy {
        let path = |domain: u32| vec![0, domain / 4, domain / 2, domain];
        Hierarchy::new(&(0..8).map(path).collect::<Vec<_>>())
    }

    fn sleeps() -> DomainView {
        DomainView {
            asleep: 4,
            engines: 4,
            ..DomainView::default()
        }
    }

    fn works(queued: usize) -> DomainView {
        DomainView {
            queued,
            engines: 4,
            ..DomainView::default()
        }
    }

    fn answer(post: usize, asking: &[usize], all: &[DomainView]) -> Answer {
        let tree = eight();
        let seen = all[tree.sees(post)].to_vec();
        // Memory is the farther the more domains lie between.
        let far = |to: usize, from: usize| 10 + to.abs_diff(from) as u64;
        tree.answer(post, asking, (seen, 1), far, &Tuning::default())
    }

    #[test]
    fn each_group_of_several_has_a_post_above_those_in_it() {
        let tree = eight();
        assert_eq!(tree.posts(), 8 + 4 + 2 + 1);
        let above = |post| {
            let posts = std::iter::successors(Some(post), |post| tree.parent(*post));
            posts.map(|post| tree.sees(post)).collect::<Vec<_>>()
        };
        assert_eq!(above(0), [0..1, 0..2, 0..4, 0..8]);
        assert_eq!(above(5), [5..6, 4..6, 4..8, 0..8]);
        assert_eq!([tree.height(5), tree.height(14)], [3, 0]);
        // A chain of groups that hold the same is one, and trees need not be even.
        let odd = Hierarchy::new(&[vec![0, 1, 2, 3], vec![0, 1, 2, 4], vec![0, 5]]);
        let sees: Vec<_> = (0..odd.posts()).map(|post| odd.sees(post)).collect();
        assert_eq!(sees, [0..1, 1..2, 2..3, 0..2, 0..3]);
        assert_eq!(
            [0, 2, 3].map(|post| odd.parent(post)),
            [Some(3), Some(4), Some(4)]
        );
        // A machine with one domain has nobody above.
        assert_eq!(Hierarchy::new(&[vec![0, 1]]), Hierarchy::flat(1));
        assert_eq!(Hierarchy::new(&[]).posts(), 0);
    }

    #[test]
    fn a_flat_one_decides_as_one_that_sees_all() {
        let all = vec![sleeps(), works(100), sleeps()];
        let (tuning, far) = (Tuning::default(), |_: usize, _: usize| 10);
        for own in 0..3 {
            let said = Hierarchy::flat(3).answer(own, &[own], (all.clone(), 1), far, &tuning);
            let seen = Observation {
                domains: all.clone(),
                own,
                open_scopes: 1,
            };
            assert_eq!(said.decisions, decide(&seen, far, &tuning));
            assert_eq!(said.asks, None);
        }
    }

    #[test]
    fn what_is_near_is_settled_near_and_else_asked_for_above() {
        let mut all = [works(0); 8];
        (all[4], all[5]) = (sleeps(), works(100));
        // The domain's own has nothing to give; the one above both has.
        assert_eq!(
            answer(4, &[4], &all),
            Answer {
                decisions: vec![],
                asks: Some(10),
                lacking: vec![4]
            }
        );
        let near = answer(10, &[4], &all);
        assert!(
            matches!(
                near.decisions[..],
                [Decision::Broker { from: 5, to: 4, .. }]
            ),
            "{near:?}"
        );
        assert_eq!(near.asks, None);
        // On the other side of the machine it takes all the way up.
        (all[5], all[1]) = (works(0), works(100));
        let mut post = 4;
        for above in [10, 13, 14] {
            assert_eq!(
                answer(post, &[4], &all),
                Answer {
                    decisions: vec![],
                    asks: Some(above),
                    lacking: vec![4]
                }
            );
            post = above;
        }
        let far = answer(14, &[4], &all);
        assert!(
            matches!(far.decisions[..], [Decision::Broker { from: 1, to: 4, .. }]),
            "{far:?}"
        );
        assert_eq!(far.asks, None);
    }

    #[test]
    fn several_that_ask_are_asked_for_once() {
        let mut all = [works(0); 8];
        (all[0], all[1], all[2], all[3]) = (sleeps(), sleeps(), sleeps(), works(100));
        let both = answer(12, &[0, 2], &all);
        let to: Vec<usize> = (both.decisions.iter())
            .filter_map(|one| match one {
                Decision::Broker { to, .. } => Some(*to),
                _ => None,
            })
            .collect();
        assert!(to.contains(&0) && to.contains(&2), "{both:?}");
        assert_eq!(both.asks, None);
        // One of them gets nothing: there is too little.
        all[3] = works(5);
        let one = answer(12, &[0, 2], &all);
        assert_eq!((one.decisions.len(), one.asks), (1, Some(14)));
        // It alone is asked for further up.
        let Decision::Broker { to, .. } = one.decisions[0] else {
            panic!("{one:?}")
        };
        assert_eq!(one.lacking, [2 - to]);
        // Who works asks for nothing more.
        assert_eq!(answer(12, &[3], &[works(9); 8]).asks, None);
    }

    #[test]
    fn only_one_who_sees_all_says_that_a_scope_may_be_stuck() {
        let all = [sleeps(); 8];
        for post in [3, 9, 12] {
            let said = answer(post, &[3], &all);
            assert_eq!((said.decisions, said.asks), (vec![], eight().parent(post)));
        }
        assert_eq!(answer(14, &[3], &all).decisions, [Decision::CheckStuck]);
    }
}
