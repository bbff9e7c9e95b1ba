//! A film of a board, as a GIF: frames are drawn and compressed by codelets beside those that compute, and written in
//! order.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::sync::{Mutex, PoisonError};

use gif::{Encoder, Frame, Repeat};
use sprat::{Block, Error, Result, Runtime, Scope};

use super::board::{BITS, Board};

/// Neither side of a frame is longer. A larger board is made smaller by a whole number.
const LONGEST: usize = 512;
/// Shades, from no living cell behind a pixel to all of them.
const SHADES: usize = 16;
/// The shade of a pixel with the least life in it, so that a lone glider is seen.
const FAINT: usize = 5;
/// Hundredths of a second that a frame is shown.
const DELAY: u16 = 4;

/// The film in the making.
pub struct Film<'f> {
    encoder: Mutex<Encoder<BufWriter<&'f mut File>>>,
    /// Whoever has this block writes: it keeps the frames in order.
    turn: Block<u8>,
    /// A frame is taken each time so many steps have been made.
    every: usize,
    /// Cells beside each other in a pixel.
    scale: usize,
}

impl std::fmt::Debug for Film<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Film(every {}, scale {})", self.every, self.scale)
    }
}

impl<'f> Film<'f> {
    /// Begins a film of a board.
    ///
    /// # Errors
    /// If the file cannot be written; the runtime's.
    pub fn new(
        runtime: &Runtime,
        file: &'f mut File,
        board: &Board,
        every: usize,
    ) -> Result<Film<'f>> {
        let sides = board.sides();
        let scale = sides.width.max(sides.height).div_ceil(LONGEST);
        let (width, height) = frame_sides(board, scale);
        // From dark to light.
        let shade = |at: usize| (at * 255 / (SHADES - 1)) as u8;
        let palette: Vec<u8> = (0..SHADES)
            .flat_map(|at| [shade(at) / 2, shade(at), shade(at) / 4 * 3 + 16])
            .collect();
        let mut encoder =
            Encoder::new(BufWriter::new(file), width as u16, height as u16, &palette)?;
        encoder.set_repeat(Repeat::Infinite)?;
        Ok(Film {
            encoder: Mutex::new(encoder),
            turn: runtime.block(1)?,
            every,
            scale,
        })
    }

    /// Takes a frame, if one is due after so many steps.
    pub(super) fn see<'s>(
        &'s self,
        s: &Scope<'s>,
        step: usize,
        board: &Board,
        tiles: &[Block<u64>],
    ) {
        if !step.is_multiple_of(self.every) {
            return;
        }
        let (board, scale) = (*board, self.scale);
        let reads: Vec<_> = tiles.iter().map(|tile| tile.read()).collect();
        let drawn = s.codelet("draw").spawn(reads, move |_, tiles| {
            let (width, height) = frame_sides(&board, scale);
            let pixels = draw(&board, &tiles, scale);
            let mut frame = Frame::from_indexed_pixels(width as u16, height as u16, pixels, None);
            frame.delay = DELAY;
            frame.make_lzw_pre_encoded();
            Ok(frame)
        });
        let access = (drawn.read(), self.turn.read_write());
        s.codelet("write").spawn(access, move |_, (frame, _)| {
            let mut encoder = self.encoder.lock().unwrap_or_else(PoisonError::into_inner);
            encoder.write_lzw_pre_encoded_frame(frame)?;
            Ok(())
        });
    }

    /// Ends the film.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn end(self) -> Result<()> {
        let encoder = self.encoder.into_inner();
        let mut file = encoder
            .unwrap_or_else(PoisonError::into_inner)
            .into_inner()?;
        file.flush().map_err(Error::from)
    }
}

/// A frame's sides, in pixels.
fn frame_sides(board: &Board, scale: usize) -> (usize, usize) {
    let sides = board.sides();
    (sides.width.div_ceil(scale), sides.height.div_ceil(scale))
}

/// A board as shades.
fn draw(board: &Board, tiles: &[&[u64]], scale: usize) -> Vec<u8> {
    let (width, height) = frame_sides(board, scale);
    let mut counts = vec![0u32; width * height];
    for (place, words) in board.places().zip(tiles) {
        for row in 0..place.rows {
            let line = (place.row + row) / scale * width;
            let words = &words[row * board.tile_words..][..place.words];
            for (at, &word) in words.iter().enumerate() {
                let mut left = word;
                while left != 0 {
                    let column = (place.word + at) * BITS + left.trailing_zeros() as usize;
                    counts[line + column / scale] += 1;
                    left &= left - 1;
                }
            }
        }
    }
    let shade = |count: u32| match count as usize * (SHADES - 1) / (scale * scale) {
        _ if count == 0 => 0,
        shade => shade.max(FAINT) as u8,
    };
    counts.into_iter().map(shade).collect()
}
