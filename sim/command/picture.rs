//! Pictures: SVG that can be read in light and dark, by screen readers, and without anything from elsewhere.

use std::fmt::Write;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 400.0;
/// Around the drawing: left, top, right, bottom.
const ROOM: [f64; 4] = [80.0, 56.0, 150.0, 56.0];

const STYLE: &str = "    .paper { fill: #fcfcfa; stroke: #d0d0c8 }
    text { fill: #22272e; font-family: system-ui, sans-serif; font-size: 14px }
    .small { font-size: 12px; fill: #4c5660 }
    .bold { font-weight: 600 }
    .middle { text-anchor: middle }
    .end { text-anchor: end }
    .line { stroke: #b6bcc2; stroke-width: 1; fill: none }
    .c0 { stroke: #2c67a8; fill: #2c67a8 }
    .c1 { stroke: #b4500c; fill: #b4500c }
    .c2 { stroke: #2d7a3a; fill: #2d7a3a }
    .c3 { stroke: #7a848e; fill: #7a848e }
    .c4 { stroke: #8a3f94; fill: #8a3f94 }
    .c5 { stroke: #94700f; fill: #94700f }
    .curve { fill: none; stroke-width: 2 }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #1c2127; stroke: #444c56 }
      text { fill: #dfe4ea }
      .small { fill: #a9b4bf }
      .line { stroke: #4c5660 }
      .c0 { stroke: #6aa5e3; fill: #6aa5e3 }
      .c1 { stroke: #f0924e; fill: #f0924e }
      .c2 { stroke: #63b872; fill: #63b872 }
      .c3 { stroke: #a9b4bf; fill: #a9b4bf }
      .c4 { stroke: #c98bd2; fill: #c98bd2 }
      .c5 { stroke: #cfa83d; fill: #cfa83d }
      .curve { fill: none }
    }
";

/// A curve with its name.
pub(crate) struct Curve {
    pub(crate) name: String,
    /// From left to right.
    pub(crate) points: Vec<(f64, f64)>,
}

/// A bar that is put together from parts.
pub(crate) struct Stack {
    pub(crate) name: String,
    pub(crate) parts: Vec<f64>,
}

fn plain(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn page(title: &str, about: &str, drawing: &str) -> String {
    let (title, about) = (plain(title), plain(about));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-labelledby=\"title desc\">
  <title id=\"title\">{title}</title>
  <desc id=\"desc\">{about}</desc>
  <style>
{STYLE}  </style>
  <rect class=\"paper\" x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"6\"/>
  <text class=\"bold\" x=\"20\" y=\"28\">{title}</text>
{drawing}</svg>
",
        WIDTH - 1.0,
        HEIGHT - 1.0
    )
}

/// A short number.
fn short(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        x if x >= 1e6 => format!("{:.3e}", value),
        x if x >= 100.0 => format!("{value:.0}"),
        x if x >= 1.0 => format!("{}", (value * 100.0).round() / 100.0),
        _ => format!("{value:.2}"),
    }
}

/// Steps of an axis that begins at zero.
fn steps(most: f64) -> Vec<f64> {
    let raw = (most / 5.0).max(f64::MIN_POSITIVE);
    let scale = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .map(|s| s * scale)
        .find(|s| *s >= raw)
        .unwrap_or(raw);
    (0..=5)
        .map(|i| f64::from(i) * step)
        .filter(|v| *v <= most * 1.0001)
        .collect()
}

fn left() -> f64 {
    ROOM[0]
}

fn inner() -> (f64, f64) {
    (WIDTH - ROOM[0] - ROOM[2], HEIGHT - ROOM[1] - ROOM[3])
}

fn frame(y_name: &str, most: f64) -> String {
    let (width, height) = inner();
    let mut text = format!(
        "  <text class=\"small\" x=\"20\" y=\"{}\">{}</text>\n",
        ROOM[1] - 8.0,
        plain(y_name)
    );
    for value in steps(most) {
        let y = ROOM[1] + height * (1.0 - value / most);
        let _ = write!(
            text,
            "  <line class=\"line\" x1=\"{0:.1}\" y1=\"{y:.1}\" x2=\"{1:.1}\" y2=\"{y:.1}\"/>\n  <text class=\"small end\" x=\"{2:.1}\" y=\"{3:.1}\">{4}</text>\n",
            left(),
            left() + width,
            left() - 8.0,
            y + 4.0,
            short(value)
        );
    }
    text
}

fn legend(at: usize, name: &str) -> String {
    let (x, y) = (WIDTH - ROOM[2] + 16.0, ROOM[1] + 16.0 + 22.0 * at as f64);
    format!(
        "  <rect class=\"c{}\" x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\"/>\n  <text class=\"small\" x=\"{}\" y=\"{y}\">{}</text>\n",
        at % 6,
        y - 11.0,
        x + 18.0,
        plain(name)
    )
}

fn most<'a>(values: impl Iterator<Item = &'a f64>) -> f64 {
    values.copied().fold(0.0, f64::max).max(1e-30) * 1.05
}

/// Curves over a logarithmic x, y from zero.
pub(crate) fn curves(
    title: &str,
    about: &str,
    x_name: &str,
    y_name: &str,
    curves: &[Curve],
) -> String {
    let (width, height) = inner();
    let points = || curves.iter().flat_map(|curve| &curve.points);
    let most = most(points().map(|(_, y)| y));
    let logs = || points().map(|(x, _)| x.max(1e-30).log2());
    let (low, high) = (
        logs().fold(f64::INFINITY, f64::min),
        logs().fold(f64::NEG_INFINITY, f64::max),
    );
    let x_at = |x: f64| left() + width * (x.max(1e-30).log2() - low) / (high - low).max(1e-9);
    let y_at = |y: f64| ROOM[1] + height * (1.0 - y / most);
    let mut text = frame(y_name, most);
    let mut marks: Vec<f64> = points().map(|(x, _)| *x).collect();
    marks.sort_by(f64::total_cmp);
    marks.dedup();
    for x in marks {
        let _ = writeln!(
            text,
            "  <text class=\"small middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x_at(x),
            HEIGHT - ROOM[3] + 18.0,
            short(x)
        );
    }
    let _ = writeln!(
        text,
        "  <text class=\"small middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
        left() + width / 2.0,
        HEIGHT - 14.0,
        plain(x_name)
    );
    for (at, curve) in curves.iter().enumerate() {
        let points: Vec<String> = curve
            .points
            .iter()
            .map(|(x, y)| format!("{:.1},{:.1}", x_at(*x), y_at(*y)))
            .collect();
        let _ = writeln!(
            text,
            "  <polyline class=\"c{} curve\" points=\"{}\"/>",
            at % 6,
            points.join(" ")
        );
        for (x, y) in &curve.points {
            let _ = writeln!(
                text,
                "  <circle class=\"c{}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\"/>",
                at % 6,
                x_at(*x),
                y_at(*y)
            );
        }
        text += &legend(at, &curve.name);
    }
    page(title, about, &text)
}

/// Bars of parts, one above the other.
pub(crate) fn stacks(
    title: &str,
    about: &str,
    y_name: &str,
    parts: &[&str],
    stacks: &[Stack],
) -> String {
    let (width, height) = inner();
    let sums: Vec<f64> = stacks
        .iter()
        .map(|stack| stack.parts.iter().sum())
        .collect();
    let most = most(sums.iter());
    let mut text = frame(y_name, most);
    let each = width / stacks.len().max(1) as f64;
    for (at, stack) in stacks.iter().enumerate() {
        let x = left() + each * (at as f64 + 0.15);
        let mut y = ROOM[1] + height;
        for (part, value) in stack.parts.iter().enumerate() {
            let high = height * value / most;
            y -= high;
            if high >= 0.05 {
                let _ = writeln!(
                    text,
                    "  <rect class=\"c{}\" x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{high:.1}\"/>",
                    part % 6,
                    each * 0.7
                );
            }
        }
        let _ = writeln!(
            text,
            "  <text class=\"small middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x + each * 0.35,
            HEIGHT - ROOM[3] + 18.0,
            plain(&stack.name)
        );
    }
    parts
        .iter()
        .enumerate()
        .for_each(|(at, name)| text += &legend(at, name));
    page(title, about, &text)
}

/// For each name how much less and how much more, as parts of the whole: the widest on top.
pub(crate) fn tornado(title: &str, about: &str, bars: &[(String, f64, f64)]) -> String {
    let (left, top) = (210.0, 56.0);
    let width = WIDTH - left - 40.0;
    let widest = bars
        .iter()
        .map(|(_, less, more)| less.abs().max(more.abs()))
        .fold(1e-9, f64::max);
    let each = (HEIGHT - top - 40.0) / bars.len().max(1) as f64;
    let middle = left + width / 2.0;
    let mut text = format!(
        "  <line class=\"line\" x1=\"{middle}\" y1=\"{top}\" x2=\"{middle}\" y2=\"{}\"/>\n",
        HEIGHT - 36.0
    );
    for (at, (name, less, more)) in bars.iter().enumerate() {
        let y = top + each * at as f64;
        let _ = writeln!(
            text,
            "  <text class=\"small end\" x=\"{}\" y=\"{:.1}\">{}</text>",
            left - 8.0,
            y + each * 0.6,
            plain(name)
        );
        for (class, change) in [(0, *less), (1, *more)] {
            let wide = change / widest * width / 2.0;
            let x = if wide < 0.0 { middle + wide } else { middle };
            let _ = writeln!(
                text,
                "  <rect class=\"c{class}\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                y + each * 0.15,
                wide.abs(),
                each * 0.7
            );
        }
    }
    let _ = writeln!(
        text,
        "  <text class=\"small\" x=\"{left}\" y=\"{}\">{:.0} %</text>",
        HEIGHT - 14.0,
        -100.0 * widest
    );
    let _ = writeln!(
        text,
        "  <text class=\"small end\" x=\"{}\" y=\"{}\">+{:.0} %</text>",
        left + width,
        HEIGHT - 14.0,
        100.0 * widest
    );
    page(title, about, &text)
}
