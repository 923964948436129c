//! Draws the Mandelbrot set as a small greyscale PNG. Prints one line:
//! `320 x 200, 500 iterations: 8041 bytes`.

wit_bindgen::generate!({ path: "../wit", world: "mandelbrot" });

struct Mandelbrot;

export!(Mandelbrot);

/// Largest width and height, in pixels.
const SIDE_MAX: u32 = 1024;
const ITERATIONS_MAX: u32 = 10_000;

/// The middle of the picture, and how much of the plane it shows at least each way.
const CENTRE: (f64, f64) = (-0.75, 0.0);
const SPAN: f64 = 2.5;

impl Guest for Mandelbrot {
    fn render(width: u32, height: u32, iterations: u32) -> Result<Vec<u8>, String> {
        check(width, height, iterations)?;
        let image = encode(width, height, &pixels(width, height, iterations))?;
        println!("{width} x {height}, {iterations} iterations: {} bytes", image.len());
        Ok(image)
    }
}

fn check(width: u32, height: u32, iterations: u32) -> Result<(), String> {
    for (name, value) in [("width", width), ("height", height)] {
        if value == 0 || value > SIDE_MAX {
            return Err(format!("{name} must be from 1 to {SIDE_MAX}, not {value}"));
        }
    }
    if iterations > ITERATIONS_MAX {
        return Err(format!("iterations must be at most {ITERATIONS_MAX}, not {iterations}"));
    }
    Ok(())
}

fn pixels(width: u32, height: u32, iterations: u32) -> Vec<u8> {
    let (columns, rows) = (f64::from(width), f64::from(height));
    let step = SPAN / columns.min(rows);
    let mut pixels = Vec::with_capacity((width * height) as usize);
    for row in 0..height {
        let imaginary = CENTRE.1 + (f64::from(row) + 0.5 - rows / 2.0) * step;
        for column in 0..width {
            let real = CENTRE.0 + (f64::from(column) + 0.5 - columns / 2.0) * step;
            pixels.push(shade(escape_time(real, imaginary, iterations)));
        }
    }
    pixels
}

/// After how many steps the point leaves the circle of radius 2; none if it stays inside.
fn escape_time(real: f64, imaginary: f64, iterations: u32) -> Option<u32> {
    let (mut x, mut y) = (0.0_f64, 0.0_f64);
    for step in 0..iterations {
        let (x_squared, y_squared) = (x * x, y * y);
        if x_squared + y_squared > 4.0 {
            return Some(step);
        }
        y = 2.0 * x * y + imaginary;
        x = x_squared - y_squared + real;
    }
    None
}

/// Falls with the logarithm of the time, so that the border has shades at any number of iterations.
fn shade(escape_time: Option<u32>) -> u8 {
    match escape_time {
        None => 0,
        Some(steps) => (255.0 - 20.0 * f64::from(steps).max(1.0).log2()).clamp(1.0, 255.0) as u8,
    }
}

fn encode(width: u32, height: u32, pixels: &[u8]) -> Result<Vec<u8>, String> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(pixels));
    written.map_err(|error| error.to_string())?;
    Ok(file)
}
