//! What Linux's files say of a node's free memory.

/// The bytes that a line of a node's `meminfo` names: `Node 3 MemFree:  1234 kB`.
pub(super) fn bytes(meminfo: &str, name: &str) -> Option<usize> {
    let line = meminfo.lines().find_map(|line| {
        let (front, rest) = line.split_once(':')?;
        (front.split_whitespace().next_back()? == name).then_some(rest)
    })?;
    let kilobytes: usize = line.split_whitespace().next()?.parse().ok()?;
    kilobytes.checked_mul(1024)
}

/// How many free pages a node has above the mark at which the kernel turns to other nodes, from `/proc/zoneinfo`. The zone
/// for old devices is left out, since the kernel keeps it.
pub(super) fn above_watermark(zoneinfo: &str, node: u16) -> Option<usize> {
    let (mut here, mut free, mut sum) = (false, None, None);
    for line in zoneinfo.lines() {
        if let Some(rest) = line.strip_prefix("Node ") {
            let (number, zone) = rest.split_once(", zone")?;
            here = number.parse() == Ok(node) && zone.trim() != "DMA";
            free = None;
        }
        if !here {
            continue;
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["pages", "free", pages] => free = pages.parse::<usize>().ok(),
            ["low", pages] => {
                let above = free.take()?.saturating_sub(pages.parse().ok()?);
                sum = Some(sum.unwrap_or(0) + above);
            }
            _ => (),
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn meminfo() {
        let text = "Node 13 MemTotal:       262144 kB\nNode 13 MemFree:         1000 kB\nNode 13 MemUsed: x kB\n";
        assert_eq!(bytes(text, "MemTotal"), Some(256 << 20));
        assert_eq!(bytes(text, "MemFree"), Some(1000 << 10));
        assert_eq!(bytes(text, "MemUsed"), None);
        assert_eq!(bytes(text, "Mem"), None);
        assert_eq!(bytes("", "MemFree"), None);
    }

    const ZONES: &str = "\
Node 0, zone      DMA
  per-node stats
      nr_inactive_anon 1000
  pages free     2816
        boost    0
        min      4
        low      6
        high     8
Node 0, zone    DMA32
  pages free     700
        min      400
        low      500
        high     600
        protection: (0, 0, 0)
  pagesets
    cpu: 0
              count: 1
              high:  2
Node 0, zone   Normal
  pages free     30
        low      40
Node 1, zone   Normal
  pages free     99
        low      9
Node 2, zone   Normal
  pages free     99
";

    #[test]
    fn zones_above_their_marks() {
        assert_eq!(above_watermark(ZONES, 0), Some(200));
        assert_eq!(above_watermark(ZONES, 1), Some(90));
        assert_eq!(above_watermark(ZONES, 2), None);
        assert_eq!(above_watermark(ZONES, 3), None);
        assert_eq!(above_watermark("Node x", 0), None);
        assert_eq!(above_watermark("Node 0, zone A\n low 3\n", 0), None);
    }
}
