//! A file in SQLite's own format, written from front to back: tables whose rows come by their numbers, and no indexes. So each page is
//! written once, when it is full, and what is kept in memory is one page for each level of a tree. The format:
//! <https://www.sqlite.org/fileformat2.html>.

use super::row::{Value, record, varint};
use std::io::{self, Seek, SeekFrom, Write};

/// Bytes of a page.
const PAGE: usize = 4096;
/// The header of the file, which the first page begins with.
const FILE_HEAD: usize = 100;
/// So much of a row lies in a leaf at most; of a longer one no less than [`LEAST`] does, and the rest in pages of its own.
const MOST: usize = PAGE - 35;
const LEAST: usize = (PAGE - 12) * 32 / 255 - 23;
/// What a page of the rest of a row holds.
const REST: usize = PAGE - 4;
/// Children of an inner page: each takes no more than 15 bytes.
const CHILDREN: usize = (PAGE - 12) / 15;
/// The page that holds this byte is for locks alone.
const LOCK: u64 = 1 << 30;

/// What the schema says of a table or a view.
struct Entry {
    sort: &'static str,
    name: String,
    root: u32,
    sql: String,
}

/// A database that is being written.
pub struct Database<W> {
    out: W,
    /// So many pages are written, or left for later.
    pages: u32,
    schema: Vec<Entry>,
}

impl<W: Write + Seek> Database<W> {
    /// Begins a file. The first page comes last.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&[0; PAGE])?;
        Ok(Database {
            out,
            pages: 1,
            schema: Vec::new(),
        })
    }

    /// Begins a table, of this statement.
    pub fn table(&mut self, name: &str, columns: &str) -> Table<'_, W> {
        Table {
            database: self,
            name: name.to_owned(),
            columns: columns.to_owned(),
            leaf: Page::new(0),
            last: 0,
            levels: Vec::new(),
            cell: Vec::new(),
        }
    }

    /// A view of tables.
    pub fn view(&mut self, name: &str, select: &str) {
        self.schema.push(Entry {
            sort: "view",
            name: name.to_owned(),
            root: 0,
            sql: format!("CREATE VIEW {name} AS {select}"),
        });
    }

    /// Writes the first page: what the file is, and what tables there are.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<()> {
        let mut page = Page::new(FILE_HEAD);
        for (entry, row) in std::mem::take(&mut self.schema).iter().zip(1..) {
            let mut cell = Vec::new();
            let values = [
                entry.sort.into(),
                entry.name.as_str().into(),
                entry.name.as_str().into(),
                entry.root.into(),
                entry.sql.as_str().into(),
            ];
            self.cell(row, &values, &mut cell)?;
            assert!(page.has_room(cell.len()), "the schema fits into a page");
            page.put(&cell);
        }
        let mut bytes = page.leaf();
        let mut head = Vec::with_capacity(FILE_HEAD);
        head.extend(b"SQLite format 3\0");
        head.extend((PAGE as u16).to_be_bytes());
        // Journals are rolled back; nothing is reserved; and three fractions that are always these.
        head.extend([1, 1, 0, 64, 32, 32]);
        // Changes; pages; two of free pages; the schema's version, and that of its format; ...; texts are UTF-8; ...
        for word in [1, self.pages, 0, 0, 1, 4, 0, 0, 1, 0, 0] {
            head.extend(word.to_be_bytes());
        }
        head.extend(b"Sprt");
        head.resize(FILE_HEAD - 8, 0);
        // The change that the next number is of: the version of the library whose format this is.
        head.extend(1u32.to_be_bytes());
        head.extend(3_040_000u32.to_be_bytes());
        bytes[..FILE_HEAD].copy_from_slice(&head);
        self.out.seek(SeekFrom::Start(0))?;
        self.out.write_all(&bytes)?;
        self.out.flush()
    }

    /// Writes a page; tells its number.
    fn append(&mut self, page: &[u8; PAGE]) -> io::Result<u32> {
        if u64::from(self.pages) * PAGE as u64 == LOCK {
            self.out.write_all(&[0; PAGE])?;
            self.pages += 1;
        }
        self.out.write_all(page)?;
        let full = || io::Error::other("the database has more pages than can be counted");
        self.pages = self.pages.checked_add(1).ok_or_else(full)?;
        Ok(self.pages)
    }

    /// Makes a leaf's cell of a row, and writes what of it does not belong in the leaf.
    fn cell(&mut self, row: i64, values: &[Value<'_>], cell: &mut Vec<u8>) -> io::Result<()> {
        let record = record(values);
        cell.clear();
        varint(cell, record.len() as u64);
        varint(cell, row as u64);
        if record.len() <= MOST {
            cell.extend(record);
            return Ok(());
        }
        let rest = LEAST + (record.len() - LEAST) % REST;
        let (here, rest) = record.split_at(if rest <= MOST { rest } else { LEAST });
        cell.extend(here);
        // Each of these pages names the next one, which is not written yet; so from the last to the first.
        let mut next = 0u32;
        for part in rest.chunks(REST).rev() {
            let mut page = [0; PAGE];
            page[..4].copy_from_slice(&next.to_be_bytes());
            page[4..4 + part.len()].copy_from_slice(part);
            next = self.append(&page)?;
        }
        cell.extend(next.to_be_bytes());
        Ok(())
    }
}

/// A table that is being written.
pub struct Table<'a, W> {
    database: &'a mut Database<W>,
    name: String,
    columns: String,
    leaf: Page,
    /// The last row.
    last: i64,
    /// Of each level above the leaves the pages below that no inner page has yet, with the last row of each.
    levels: Vec<Vec<(u32, i64)>>,
    cell: Vec<u8>,
}

impl<W: Write + Seek> Table<'_, W> {
    /// A row behind the last one.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn row(&mut self, values: &[Value<'_>]) -> io::Result<()> {
        self.row_at(self.last + 1, values)
    }

    /// A row with this number, which is larger than that of the last one. The column that is the primary key has it, too, and stands
    /// as [`Value::Null`].
    ///
    /// # Errors
    /// Those of the writer.
    pub fn row_at(&mut self, row: i64, values: &[Value<'_>]) -> io::Result<()> {
        let mut cell = std::mem::take(&mut self.cell);
        self.database.cell(row, values, &mut cell)?;
        if !self.leaf.has_room(cell.len()) {
            self.end_leaf()?;
        }
        self.leaf.put(&cell);
        (self.cell, self.last) = (cell, row);
        Ok(())
    }

    fn end_leaf(&mut self) -> io::Result<()> {
        let leaf = std::mem::replace(&mut self.leaf, Page::new(0));
        let page = self.database.append(&leaf.leaf())?;
        self.child(0, (page, self.last))
    }

    /// A page is done that an inner page of this level will have below it.
    fn child(&mut self, level: usize, child: (u32, i64)) -> io::Result<()> {
        if self.levels.len() == level {
            self.levels.push(Vec::new());
        }
        let list = &mut self.levels[level];
        list.push(child);
        // Two are kept back, since an inner page has no fewer.
        if list.len() < CHILDREN + 2 {
            return Ok(());
        }
        let full: Vec<_> = list.drain(..CHILDREN).collect();
        self.inner(level, &full)
    }

    fn inner(&mut self, level: usize, children: &[(u32, i64)]) -> io::Result<()> {
        let page = self.database.append(&inner_page(children))?;
        let (_, last) = children[children.len() - 1];
        self.child(level + 1, (page, last))
    }

    /// All rows are there.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn finish(mut self) -> io::Result<()> {
        self.end_leaf()?;
        let mut level = 0;
        // The root is what is alone on its level.
        let root = loop {
            let list = std::mem::take(&mut self.levels[level]);
            if let [(root, _)] = list[..]
                && level + 1 == self.levels.len()
            {
                break root;
            }
            let parts = list.len().div_ceil(CHILDREN);
            for part in list.chunks(list.len().div_ceil(parts)) {
                self.inner(level, part)?;
            }
            level += 1;
        };
        let sql = format!("CREATE TABLE {} ({})", self.name, self.columns);
        self.database.schema.push(Entry {
            sort: "table",
            name: self.name,
            root,
            sql,
        });
        Ok(())
    }
}

/// A page with cells: places from the front, cells from the back.
struct Page {
    bytes: [u8; PAGE],
    /// Where the page's own head begins.
    head: usize,
    cells: usize,
    /// Where the last cell begins.
    at: usize,
}

impl Page {
    fn new(head: usize) -> Self {
        Page {
            bytes: [0; PAGE],
            head,
            cells: 0,
            at: PAGE,
        }
    }

    /// Of a leaf.
    fn has_room(&self, length: usize) -> bool {
        self.head + 8 + 2 * (self.cells + 1) + length <= self.at
    }

    fn put(&mut self, cell: &[u8]) {
        self.at -= cell.len();
        self.bytes[self.at..self.at + cell.len()].copy_from_slice(cell);
        let place = self.head + 8 + 2 * self.cells;
        self.bytes[place..place + 2].copy_from_slice(&(self.at as u16).to_be_bytes());
        self.cells += 1;
    }

    /// As a leaf of a table.
    fn leaf(mut self) -> [u8; PAGE] {
        let head = head(13, self.cells, self.at);
        self.bytes[self.head..self.head + 8].copy_from_slice(&head);
        self.bytes
    }
}

/// A page of a table that is no leaf: each child with its last row, but for the last child.
fn inner_page(children: &[(u32, i64)]) -> [u8; PAGE] {
    let (mut bytes, mut at) = ([0; PAGE], PAGE);
    let (last, others) = children.split_last().expect("an inner page has children");
    for (place, (child, row)) in others.iter().enumerate() {
        let mut cell = child.to_be_bytes().to_vec();
        varint(&mut cell, *row as u64);
        at -= cell.len();
        bytes[at..at + cell.len()].copy_from_slice(&cell);
        let place = 12 + 2 * place;
        bytes[place..place + 2].copy_from_slice(&(at as u16).to_be_bytes());
    }
    bytes[..8].copy_from_slice(&head(5, others.len(), at));
    bytes[8..12].copy_from_slice(&last.0.to_be_bytes());
    bytes
}

/// The head of a page: its sort, no free room between cells, how many cells, and where they begin.
fn head(sort: u8, cells: usize, at: usize) -> [u8; 8] {
    let [cells, at] = [cells, at].map(|number| (number as u16).to_be_bytes());
    [sort, 0, 0, cells[0], cells[1], at[0], at[1], 0]
}
