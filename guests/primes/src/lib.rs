//! Counts the primes of a range with a sieve, window by window, so that memory stays small however
//! wide the range is. Prints one line: `[10000, 20000): 1033 primes`.

wit_bindgen::generate!({ path: "../wit", world: "primes" });

struct Primes;

export!(Primes);

/// Numbers sieved at a time.
const WINDOW: u64 = 1 << 16;

impl Guest for Primes {
    fn count(low: u32, high: u32) -> u32 {
        let found = primes_between(u64::from(low), u64::from(high));
        println!("[{low}, {high}): {found} primes");
        found
    }
}

fn primes_between(low: u64, high: u64) -> u32 {
    let divisors = divisors_of_numbers_below(high);
    let mut found = 0;
    let mut start = low.max(2);
    while start < high {
        let end = high.min(start + WINDOW);
        found += primes_in_window(start, end, &divisors);
        start = end;
    }
    found
}

/// The primes that a number below `high` needs to be divided by: those up to its square root.
fn divisors_of_numbers_below(high: u64) -> Vec<u64> {
    let mut divisors: Vec<u64> = Vec::new();
    let mut candidate = 2;
    while candidate * candidate < high {
        let small = divisors.iter().take_while(|&&divisor| divisor * divisor <= candidate);
        if small.into_iter().all(|divisor| candidate % divisor != 0) {
            divisors.push(candidate);
        }
        candidate += 1;
    }
    divisors
}

fn primes_in_window(start: u64, end: u64, divisors: &[u64]) -> u32 {
    let mut composite = vec![false; (end - start) as usize];
    for divisor in divisors {
        let first = start.next_multiple_of(*divisor).max(divisor * divisor);
        let mut multiple = first;
        while multiple < end {
            composite[(multiple - start) as usize] = true;
            multiple += divisor;
        }
    }
    composite.iter().filter(|composite| !**composite).count() as u32
}
