//! Files in hwloc's XML that mean nothing, and what is said of them.

use super::xml::with;
use super::*;

#[test]
fn nonsense_is_refused_with_its_line() {
    for (old, new, words) in [
        ("version=\"3.0\"", "", "line 3: it is in format 1"),
        (
            "version=\"3.0\"",
            "version=\"4.1\"",
            "in format `4.1`, and 2 and 3",
        ),
        ("topology", "machine", "line 3: its root is `machine`"),
        (
            "<object type=\"PU\"",
            "<object type=\"QU\"",
            "no object of type PU",
        ),
        (
            "\"PU\" os_index=\"2\"",
            "\"PU\"",
            "line 31: the PU has no os_index",
        ),
        (
            "\"PU\" os_index=\"2\"",
            "\"PU\" os_index=\"4\"",
            "CPU 4 is there twice",
        ),
        (
            "\"PU\" os_index=\"2\"",
            "\"PU\" os_index=\"-2\"",
            "os_index is `-2`, not a number",
        ),
        (
            "\"PU\" os_index=\"2\"",
            "\"PU\" os_index=\"65536\"",
            "CPU 65536 is beyond",
        ),
        (
            "type=\"PU\" os_index=\"2\"",
            "os_index=\"2\"",
            "the object has no type",
        ),
        (
            "\"NUMANode\" os_index=\"1\"",
            "\"NUMANode\"",
            "line 28: the NUMANode has no os_index",
        ),
        (
            "\"NUMANode\" os_index=\"1\"",
            "\"NUMANode\" os_index=\"4\"",
            "NUMA node 4 is there twice",
        ),
        (
            "cpuset=\"0x0000003c\" gp_index=\"15\"",
            "",
            "of type `NUMANode` has no cpuset",
        ),
        (
            "\"0x0000003c\" gp_index=\"15\"",
            "\"0x3c.\" gp_index=\"15\"",
            "cpuset is `0x3c.`: `0x3c.` is not hexadecimal",
        ),
        (
            "\"0x0000003c\" gp_index=\"15\"",
            "\"\" gp_index=\"15\"",
            "it is empty",
        ),
        (
            "\"0x0000003c\" gp_index=\"15\"",
            "\"0x100000000\" gp_index=\"15\"",
            "not a word of 32 bits",
        ),
        (
            "local_memory=\"536870912\"",
            "local_memory=\"lots\"",
            "local_memory is `lots`",
        ),
        (
            "depth=\"3\" cache_l",
            "cache_l",
            "of type `L3Cache` has no depth",
        ),
        (
            "depth=\"3\" cache_l",
            "depth=\"17\" cache_l",
            "a cache is of level 17",
        ),
        (
            "nbobjs=\"4\" kind=\"5\"",
            "nbobjs=\"3\" kind=\"5\"",
            "4 numbers as indexes and should have 3",
        ),
        (
            "nbobjs=\"4\" kind=\"5\"",
            "nbobjs=\"99999999999\" kind=\"5\"",
            "1024 is the most",
        ),
        (
            "10 16 23 24 25 10 <",
            "10 16 23 24 25 <",
            "15 numbers as u64values and should have 16",
        ),
        ("10 16 23 24 25 10 <", "10 16 23 24 25 0 <", "10 is local"),
        (
            "10 16 23 24 25 10 <",
            "10 16 23 24 25 far <",
            "`far` is not a number",
        ),
        (
            "initiator_cpuset=\"0xf...f\"",
            "initiator_cpuset=\"0xf...\"",
            "initiator_cpuset is `0xf...`",
        ),
        ("</topology>", "", "it is not whole XML"),
        (
            "type=\"NUMANode\" os_index=\"0\"",
            "type=NUMANode",
            "line 12: it is not whole XML",
        ),
    ] {
        let e = Topology::from_xml_text(&with(&[(old, new)])).expect_err(words);
        let text = e.to_string();
        assert_eq!(e.kind(), ErrorKind::Topology, "{text}");
        assert!(
            text.contains(words) && text.contains("hwloc's XML, line "),
            "{words}: {text}"
        );
    }
}

#[test]
fn advice_fits() {
    let advice = "write it again";
    let e = Topology::from_xml_text(&with(&[("version=\"3.0\"", "")]))
        .unwrap_err()
        .to_string();
    assert!(
        e.ends_with("`lstopo -i FILE --of xml NEW`)") && !e.contains(advice),
        "{e}"
    );
    let e = Topology::from_xml_text(&with(&[("\"PU\" os_index=\"2\"", "\"PU\"")]))
        .unwrap_err()
        .to_string();
    assert!(e.contains(advice), "{e}");
}

#[test]
fn objects_that_never_end_are_refused() {
    let deep = "<object type=\"Group\">".repeat(200_000);
    let text = format!(
        "<topology version=\"2.0\">{deep}{}</topology>",
        "</object>".repeat(200_000)
    );
    let e = Topology::from_xml_text(&text).unwrap_err().to_string();
    assert!(e.contains("deeper than 100 levels"), "{e}");
    let entities = r#"<!DOCTYPE topology [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
        <!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">
        <!ENTITY e "&d;&d;&d;&d;&d;&d;&d;&d;&d;&d;"><!ENTITY f "&e;&e;&e;&e;&e;&e;&e;&e;&e;&e;">]>
        <topology version="2.0">&f;</topology>"#;
    assert!(Topology::from_xml_text(entities).is_err());
}
