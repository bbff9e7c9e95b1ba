//! Figures as pictures: SVG.

use crate::{Error, Result};
use plotters::coord::combinators::IntoLogRange;
use plotters::prelude::*;
use std::path::Path;

const SIZE: (u32, u32) = (900, 540);
const FONT: &str = "sans-serif";

/// Colours that can be told apart, also by who sees colours otherwise; further lines repeat them, dashed.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(0, 0, 0),
    RGBColor(150, 150, 150),
    RGBColor(230, 159, 0),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 180, 233),
];

/// What an axis shows.
#[derive(Clone, Copy, Debug)]
pub struct Axis(pub &'static str);

/// A line with its name.
#[derive(Clone, Debug)]
pub struct Line {
    /// In the legend.
    pub name: String,
    /// In the order of `x`.
    pub points: Vec<(f64, f64)>,
}

/// A bar with its whisker.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Below it.
    pub name: String,
    /// The least, the height, and the greatest.
    pub values: [f64; 3],
}

/// Draws curves over a logarithmic `x`, `y` from 0 to 1, with thin lines at some heights.
///
/// # Errors
/// If the file cannot be written.
pub fn curves(
    file: &Path,
    title: &str,
    x: Axis,
    y: Axis,
    lines: &[Line],
    marks: &[f64],
) -> Result<()> {
    let all = lines
        .iter()
        .flat_map(|line| &line.points)
        .map(|point| point.0);
    let (least, most) = all.fold((f64::INFINITY, 0.0_f64), |(a, b), x| (a.min(x), b.max(x)));
    if most == 0.0 {
        return Ok(());
    }
    let told = |why: &dyn std::fmt::Display| failed(file, why);
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE).map_err(|why| told(&why))?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(52)
        .build_cartesian_2d((least..most * 1.05).log_scale(), 0.0..1.05)
        .map_err(|why| told(&why))?;
    chart
        .configure_mesh()
        .x_desc(x.0)
        .y_desc(y.0)
        .light_line_style(WHITE)
        .x_label_formatter(&|x| format!("{x}"))
        .y_label_formatter(&|y| format!("{y:.1}"))
        .label_style((FONT, 14))
        .draw()
        .map_err(|why| told(&why))?;
    for &mark in marks {
        let line = LineSeries::new([(least, mark), (most, mark)], BLACK.mix(0.4));
        chart.draw_series(line).map_err(|why| told(&why))?;
    }
    for (at, line) in lines.iter().enumerate() {
        let style = ShapeStyle::from(COLOURS[at % COLOURS.len()]).stroke_width(2);
        let points = line.points.iter().copied();
        let drawn = if at < COLOURS.len() {
            chart.draw_series(LineSeries::new(points, style))
        } else {
            chart.draw_series(DashedLineSeries::new(points, 6, 4, style))
        };
        drawn
            .map_err(|why| told(&why))?
            .label(&line.name)
            .legend(move |(x, y)| Rectangle::new([(x, y - 2), (x + 18, y + 1)], style.filled()));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::LowerRight)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.3))
        .label_font((FONT, 14))
        .draw()
        .map_err(|why| told(&why))?;
    area.present().map_err(|why| told(&why))
}

/// Draws bars from zero, with whiskers from the least to the greatest.
///
/// # Errors
/// If the file cannot be written.
pub fn bars(file: &Path, title: &str, y: &str, bars: &[Bar]) -> Result<()> {
    let most = bars.iter().map(|bar| bar.values[2]).fold(0.0, f64::max);
    if most == 0.0 {
        return Ok(());
    }
    let told = |why: &dyn std::fmt::Display| failed(file, why);
    let area = SVGBackend::new(file, SIZE).into_drawing_area();
    area.fill(&WHITE).map_err(|why| told(&why))?;
    let mut chart = ChartBuilder::on(&area)
        .caption(title, (FONT, 20))
        .margin(12)
        .x_label_area_size(44)
        .y_label_area_size(64)
        .build_cartesian_2d(0.0..bars.len() as f64, 0.0..most * 1.08)
        .map_err(|why| told(&why))?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .disable_x_axis()
        .light_line_style(WHITE)
        .y_desc(y)
        .label_style((FONT, 14))
        .draw()
        .map_err(|why| told(&why))?;
    for (at, bar) in bars.iter().enumerate() {
        let (left, [least, middle, greatest]) = (at as f64, bar.values);
        let colour = COLOURS[at % COLOURS.len()];
        let column = Rectangle::new(
            [(left + 0.15, 0.0), (left + 0.85, middle)],
            colour.mix(0.8).filled(),
        );
        let whisker = PathElement::new(vec![(left + 0.5, least), (left + 0.5, greatest)], BLACK);
        chart.draw_series([column]).map_err(|why| told(&why))?;
        chart.draw_series([whisker]).map_err(|why| told(&why))?;
        let place = chart.backend_coord(&(left + 0.5, 0.0));
        let style = TextStyle::from((FONT, 14)).pos(plotters::style::text_anchor::Pos::new(
            plotters::style::text_anchor::HPos::Center,
            plotters::style::text_anchor::VPos::Top,
        ));
        let below = (place.0, place.1 + 8);
        area.draw_text(&bar.name, &style, below)
            .map_err(|why| told(&why))?;
    }
    area.present().map_err(|why| told(&why))
}

fn failed(file: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::msg(format!(
        "the picture {} cannot be written: {why}",
        file.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_name_what_they_show() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("x.svg");
        let line = |name: &str| Line {
            name: name.to_owned(),
            points: vec![(0.1, 0.2), (1.0, 0.6), (10.0, 0.97)],
        };
        let lines: Vec<Line> = (0..10).map(|at| line(&format!("system{at}"))).collect();
        curves(
            &file,
            "the title",
            Axis("time"),
            Axis("share"),
            &lines,
            &[0.5],
        )
        .unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["<svg", "the title", "time", "share", "system0", "system9"] {
            assert!(text.contains(word), "{word}");
        }
        let bar = |name: &str, value| Bar {
            name: name.to_owned(),
            values: [value, value * 1.5, value * 2.0],
        };
        bars(&file, "bars", "ns", &[bar("one", 1.0), bar("two", 30.0)]).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        for word in ["<svg", "bars", "ns", "one", "two"] {
            assert!(text.contains(word), "{word}");
        }
    }

    #[test]
    fn a_folder_that_is_not_there_is_told() {
        let bar = Bar {
            name: "one".to_owned(),
            values: [1.0; 3],
        };
        let told = bars(Path::new("/absent/x.svg"), "t", "ns", &[bar]).unwrap_err();
        assert!(told.to_string().contains("/absent/x.svg"), "{told}");
    }
}
