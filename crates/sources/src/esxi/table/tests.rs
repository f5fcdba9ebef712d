//! Each shape of output gives the same rows, and every line is accounted for.

use super::*;

fn balanced(table: &Table) -> bool {
    table.read == table.rows.len() as u64 + table.further + table.blank + table.strange.len() as u64
}

#[test]
fn blocks_with_and_without_colon() {
    let text = "db 01:\n   World ID: 1\n   Display Name: db 01\n\nweb [x]\n   World ID: 2\n   Display Name: web [x]\n";
    let table = parse(text, &[]);
    assert_eq!(table.rows.len(), 2);
    assert_eq!((table.rows[0].get("worldid"), table.rows[1].get("displayname")), ("1", "web [x]"));
    assert_eq!(table.rows[1].line, 5);
    assert!(balanced(&table), "{table:?}");
    let table = parse("   Port ID: 1\n   vSwitch: a\n   Port ID: 2\n   vSwitch: b\n", &[]);
    assert_eq!(table.rows.len(), 2);
    assert!(balanced(&table), "{table:?}");
}

#[test]
fn tables_json_and_csv() {
    let text = "World ID  Name       Networks\n--------  ---------  ----------\n   69421  app \u{65e5}\u{672c} x  VM Network\n";
    let table = parse(text, &[]);
    assert_eq!(table.keys, ["worldid", "name", "networks"]);
    assert_eq!((table.rows[0].get("worldid"), table.rows[0].get("networks")), ("69421", "VM Network"));
    assert!(balanced(&table), "{table:?}");
    let table = parse("[{\"World ID\": 5, \"Name\": \"a}b\"},\n {\"World ID\": 6}]", &[]);
    assert_eq!((table.rows.len(), table.rows[1].line, table.rows[0].get("name")), (2, 2, "a}b"));
    assert!(balanced(&table), "{table:?}");
    let table = parse("#TYPE x\n\"WorldID\",\"Name\"\n\"5\",\"a,b\"\n", &[]);
    assert_eq!((table.rows[0].get("name"), table.rows[0].line), ("a,b", 3));
    assert!(balanced(&table), "{table:?}");
    let table = parse("PortNum   Type SubType ClientName\n67108866     5       9 db 01.eth0\n", &["PortNum Type"]);
    assert_eq!(table.rows[0].get("clientname"), "db 01.eth0");
    assert!(balanced(&table), "{table:?}");
}

#[test]
fn noise_is_counted() {
    let table = parse("Connect to localhost failed\n", &[]);
    assert_eq!((table.rows.len(), table.strange.len()), (0, 1));
    assert!(balanced(&table));
    assert!(balanced(&parse("", &[])));
    assert!(balanced(&parse("[{\"a\": ", &[])));
}
