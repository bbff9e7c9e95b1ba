//! Draws the picture that ships with the repository: a school of sprats in the light from above.
//!
//! `cargo run -p sprat-examples --example draw OUT.png`. A test draws it again and compares.

use std::f32::consts::PI;
use std::fs::File;
use std::io::BufWriter;

/// The picture's sides.
pub const SIDE: usize = 512;

/// One fish.
struct Fish {
    x: f32,
    y: f32,
    length: f32,
    /// The way it swims, in radians.
    heading: f32,
    /// How far its tail swings.
    bend: f32,
    /// How much of it the water leaves to see.
    near: f32,
}

/// The same numbers on every machine: a small congruential generator.
struct Dice(u32);

impl Dice {
    fn roll(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) as f32 / (1 << 24) as f32
    }
}

fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The school: far ones first, each in a place of its own.
fn school() -> Vec<Fish> {
    let mut dice = Dice(7);
    let mut fish: Vec<Fish> = Vec::new();
    for _ in 0..4000 {
        let near = dice.roll();
        let (x, y) = (dice.roll(), 0.12 + 0.76 * dice.roll());
        let length = 0.05 + 0.16 * near * near;
        let clear = |f: &Fish| {
            let (dx, dy) = (f.x - x, (f.y - y) * 1.9);
            dx.hypot(dy) > 0.46 * (f.length + length)
        };
        if fish.len() < 46 && fish.iter().all(clear) {
            // They circle around a point, as schools do.
            let around = (y - 0.5).atan2(x - 0.5);
            let heading = 0.35 * (3.0 * around).sin() - 0.15 + 0.2 * (dice.roll() - 0.5);
            let bend = 0.10 * (dice.roll() - 0.5);
            fish.push(Fish {
                x,
                y,
                length,
                heading,
                bend,
                near,
            });
        }
    }
    fish.sort_by(|a, b| a.near.total_cmp(&b.near));
    fish
}

/// How bright the water is: rays from above that fade with the depth.
fn water(x: f32, y: f32) -> f32 {
    let slant = (x - 0.35) / (y + 0.9);
    let rays =
        (slant * 23.0).sin() + 0.6 * (slant * 41.0 + 1.0).sin() + 0.3 * (slant * 97.0 + 2.0).sin();
    let depth = (-2.2 * y).exp();
    let surface = 0.03 * (30.0 * x + 6.0 * (9.0 * x).sin()).sin() * (-26.0 * y).exp();
    0.05 + depth * (0.20 + 0.075 * rays) + 4.0 * surface
}

/// What a fish adds at a point: how much it covers, and how bright it is there.
fn fish_at(fish: &Fish, x: f32, y: f32) -> (f32, f32) {
    let (dx, dy) = ((x - fish.x) / fish.length, (y - fish.y) / fish.length);
    if dx.hypot(dy) > 0.8 {
        return (0.0, 0.0);
    }
    let (sin, cos) = fish.heading.sin_cos();
    // Along the fish from the mouth (0) to the end of the tail (1), and across it.
    let u = 0.5 - (dx * cos + dy * sin);
    let v = (dy * cos - dx * sin) - fish.bend * (PI * u * 1.4).sin() * u;
    let edge = 0.8 / (SIDE as f32 * fish.length);
    let body = 0.125 * (PI * (u / 0.84).clamp(0.0, 1.0).powf(0.72)).sin().max(0.0)
        + 0.012 * smooth(0.9, 0.7, u);
    let in_body =
        smooth(edge, -edge, v.abs() - body) * smooth(-edge, edge, u) * smooth(0.88, 0.84, u);
    let fork = 0.015 + 0.62 * (u - 0.80);
    let notch = 0.80 + 0.10 + 0.45 * v.abs();
    let in_tail = smooth(edge, -edge, v.abs() - fork)
        * smooth(0.79, 0.82, u)
        * smooth(edge, -edge, u - notch);
    let fin = smooth(
        edge,
        -edge,
        -v - body - 0.07 * (1.0 - (u - 0.46).abs() / 0.09),
    ) * smooth(0.37, 0.42, u)
        * smooth(0.57, 0.50, u)
        * smooth(-edge, edge, -v);
    let across = v / (body + 1e-3);
    let scales = 0.06 * ((u * 190.0).sin() * (v * 190.0).sin());
    let flank = 0.94 - 0.42 * smooth(0.1, -0.9, across) - 0.16 * smooth(0.5, 1.0, across)
        + scales * smooth(0.2, 0.35, u);
    let gill = 0.22 * (-((u - 0.21 - 0.3 * v * v) / 0.012).powi(2)).exp();
    let (ex, ey) = (u - 0.095, v + 0.02);
    let eye = ex.hypot(ey);
    let mut shade = flank - gill;
    shade += (1.0 - shade) * smooth(0.034, 0.028, eye);
    shade -= shade * smooth(0.021, 0.015, eye);
    let fins = (in_tail.max(fin) * 0.75).clamp(0.0, 1.0);
    let cover = in_body.max(fins);
    let fin_shade = 0.55 + 0.1 * (v * 160.0).sin();
    (cover, if in_body > 0.5 { shade } else { fin_shade })
}

/// The picture, row by row, from 0 (black) to 255.
pub fn draw() -> Vec<u8> {
    let school = school();
    let mut dice = Dice(99);
    let motes: Vec<[f32; 3]> = (0..140)
        .map(|_| [dice.roll(), dice.roll(), 0.0006 + 0.0018 * dice.roll()])
        .collect();
    let mut pixels = Vec::with_capacity(SIDE * SIDE);
    for row in 0..SIDE {
        for column in 0..SIDE {
            let (x, y) = (
                (column as f32 + 0.5) / SIDE as f32,
                (row as f32 + 0.5) / SIDE as f32,
            );
            let water = water(x, y);
            let mut light = water;
            for [mx, my, size] in &motes {
                light += 0.35
                    * (-((x - mx).powi(2) + (y - my).powi(2)) / (size * size * 2.0)).exp()
                    * (1.0 - 0.6 * my);
            }
            for fish in &school {
                let (cover, shade) = fish_at(fish, x, y);
                let lit = shade * (0.55 + 0.45 * (-1.2 * y).exp());
                let seen = water + (lit - water) * (0.18 + 0.82 * fish.near);
                light += cover * (seen - light);
            }
            let corner = 1.0 - 0.35 * ((x - 0.5).powi(2) + (y - 0.5).powi(2)).powf(0.8);
            pixels.push((light * corner * 255.0).clamp(0.0, 255.0) as u8);
        }
    }
    pixels
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: draw OUT.png")?;
    let mut encoder = png::Encoder::new(
        BufWriter::new(File::create(path)?),
        SIDE as u32,
        SIDE as u32,
    );
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.set_compression(png::Compression::High);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&draw())?;
    writer.finish()?;
    Ok(())
}
