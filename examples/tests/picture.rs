//! The picture that ships is the one that `data/draw.rs` draws.

#[path = "../data/draw.rs"]
#[allow(dead_code)]
mod draw;

use sprat_examples::png_file::Picture;

#[test]
fn the_picture_is_drawn_again() {
    let shipped =
        Picture::decode(std::io::Cursor::new(include_bytes!("../data/sprats.png"))).unwrap();
    assert_eq!((shipped.width, shipped.height), (draw::SIDE, draw::SIDE));
    // Sines differ in their last bits from system to system: almost all pixels are equal, and none is far off.
    let drawn = draw::draw();
    let off =
        |(&drawn, shipped): (&u8, &f32)| (f32::from(drawn) - shipped * 255.0).abs().round() as u32;
    let offs: Vec<u32> = drawn.iter().zip(&shipped.pixels).map(off).collect();
    let wrong = offs.iter().filter(|&&off| off > 2).count();
    assert!(
        wrong < offs.len() / 1000,
        "{wrong} pixels differ; draw it again as data/README.md says"
    );
}
