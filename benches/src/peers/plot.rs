//! The ratios as bars, in SVG that is readable on light and on dark pages.

use crate::contender::Role;
use crate::record::Outcome;
use crate::summary::{Line, Section};

/// Where bars begin, behind the names, and where they end, in front of the numbers.
const LEFT: f64 = 260.0;
const RIGHT: f64 = 660.0;
const WIDTH: f64 = 860.0;

/// Lines of text, and bars.
const ROW: f64 = 20.0;
const BAR: f64 = 13.0;

/// The ratio at the right end; longer bars are cut, and say so by an arrow.
const LONGEST: f64 = 4.0;

/// Colours by class; dark pages get lighter ones.
const STYLE: &str = "\
text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600 }
.note { fill: #57606a }
.line { stroke: #8c959f; stroke-dasharray: 3 3 }
.reference { fill: #8c959f }
.hand { fill: #b6bdc5 }
.towpath { fill: #0969da }
.peer { fill: #d4a72c }
.different { fill-opacity: 0.45 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .note { fill: #9198a1 }
  .hand { fill: #5d6670 }
  .towpath { fill: #4493f8 }
  .peer { fill: #bb8009 }
}
";

/// Horizontal bars of the ratios to the reference, by workload.
pub(crate) fn plot(sections: &[Section]) -> String {
    let mut body = String::new();
    let mut top = ROW;
    for section in sections {
        let mut lines = section.lines();
        lines.retain(|line| line.outcome != Outcome::Unchecked);
        if !lines.iter().any(|line| line.role == Role::Reference) {
            continue;
        }
        let title = escape(&format!("{}: {}", section.name, section.title));
        body.push_str(&format!(
            "<text class=\"title\" x=\"8\" y=\"{top:.0}\">{title}</text>\n"
        ));
        let first = top + 8.0;
        for line in &lines {
            top += ROW;
            body.push_str(&bar(line, top));
        }
        let (x, last) = (place(1.0), top + 6.0);
        body.push_str(&format!(
            "<line class=\"line\" x1=\"{x:.1}\" y1=\"{first:.0}\" x2=\"{x:.1}\" y2=\"{last:.0}\"/>\n"
        ));
        top += 1.7 * ROW;
    }
    let note = "Time relative to the reference (dashed line), shorter is better; \
                a pale bar left another table.";
    body.push_str(&format!(
        "<text class=\"note\" x=\"8\" y=\"{top:.0}\">{note}</text>\n"
    ));
    let height = top + ROW / 2.0;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" \
         width=\"{WIDTH:.0}\" height=\"{height:.0}\" role=\"img\">\n\
         <title>Time relative to the reference, by workload</title>\n\
         <style>\n{STYLE}</style>\n{body}</svg>\n"
    )
}

/// A name, a bar and a number, on the line of text at `top`.
fn bar(line: &Line, top: f64) -> String {
    let name = escape(&line.contender);
    let name = format!(
        "<text x=\"{:.0}\" y=\"{top:.0}\" text-anchor=\"end\">{name}</text>",
        LEFT - 8.0
    );
    let Some(ratio) = line.times.and_then(|times| times.ratio) else {
        return format!(
            "{name}<text class=\"note\" x=\"{LEFT:.0}\" y=\"{top:.0}\">failed</text>\n"
        );
    };
    let mut class = match line.role {
        Role::Reference => "reference",
        Role::ByHand => "hand",
        Role::Towpath => "towpath",
        Role::Peer => "peer",
    }
    .to_owned();
    let mut label = format!("{ratio:.2}");
    if ratio > LONGEST {
        label.insert_str(0, "→ ");
    }
    if let Outcome::Different(_) = line.outcome {
        class.push_str(" different");
        label.push_str(", not equal");
    }
    let end = place(ratio);
    format!(
        "{name}<rect class=\"{class}\" x=\"{LEFT:.0}\" y=\"{:.0}\" width=\"{:.1}\" height=\"{BAR:.0}\"/>\
         <text x=\"{:.1}\" y=\"{top:.0}\">{label}</text>\n",
        top - BAR + 2.0,
        end - LEFT,
        end + 6.0,
    )
}

/// Where a bar of this ratio ends.
fn place(ratio: f64) -> f64 {
    LEFT + (RIGHT - LEFT) * ratio.min(LONGEST) / LONGEST
}

/// `text` between tags.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::summary::tests::section;

    #[test]
    fn every_contender_has_a_bar_or_a_reason() {
        let svg = plot(&[section()]);
        assert_eq!(svg.matches("<rect").count(), 2, "{svg}");
        assert!(svg.contains("class=\"towpath\"") && svg.contains(">failed</text>"));
    }

    #[test]
    fn every_tag_is_closed() {
        let svg = plot(&[section()]);
        for tag in ["svg", "style", "title", "text"] {
            let opened =
                svg.matches(&format!("<{tag} ")).count() + svg.matches(&format!("<{tag}>")).count();
            assert_eq!(opened, svg.matches(&format!("</{tag}>")).count(), "{tag}");
        }
    }

    #[test]
    fn long_bars_are_cut() {
        assert_eq!(place(2.0), 460.0);
        assert_eq!(place(40.0), RIGHT);
    }

    #[test]
    fn texts_are_escaped() {
        assert_eq!(escape("a<b & c"), "a&lt;b &amp; c");
    }
}
