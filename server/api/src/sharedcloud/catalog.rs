//! Images and GPUs. An image is one of our runtimes under the name and id that the product's clients know; a model of GPU is
//! known by name, and there is none yet but what stands for the CPU.

use skep_domain::model::id::Sha256;
use skep_domain::model::runtime::Runtime;

/// What a function's source is for.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Image {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) registry_path: String,
    pub(super) description: String,
    pub(super) requires_gpu: bool,
    /// What the product calls its language.
    pub(super) label: String,
    /// Ours.
    pub(super) runtime: Runtime,
}

/// An image of the product's: id, name, its word for the language, our runtime, whether it needs a GPU.
struct Known(&'static str, &'static str, &'static str, &'static str, bool);

const KNOWN: [Known; 3] = [
    Known("24b3a0f8-c405-4928-954f-d5c93273f88a", "web-crawling-python36", "python36", "python", false),
    Known("23ca880b-94fe-472c-b9cf-934ed8295872", "tensorflow-gpu-python36", "python36", "python", true),
    Known("1a5111c1-17ee-459f-a4da-9c5272d86b1d", "standard-node8", "node8", "javascript", false),
];

/// The images that these runtimes are, those that the product has first.
pub(super) fn images(runtimes: &[Runtime]) -> Vec<Image> {
    let of = |name: &str| runtimes.iter().find(|runtime| runtime.name.as_str() == name);
    let known = KNOWN.iter().filter_map(|known| Some(of_known(known, of(known.3)?)));
    let others =
        runtimes.iter().filter(|runtime| !KNOWN.iter().any(|known| known.3 == runtime.name.as_str()));
    known.chain(others.map(of_runtime)).collect()
}

fn of_known(Known(uuid, name, label, _, requires_gpu): &Known, runtime: &Runtime) -> Image {
    Image {
        uuid: (*uuid).to_owned(),
        name: (*name).to_owned(),
        registry_path: format!("sharedcloud/{name}:latest"),
        description: format!("the runtime {} of this server, with its standard library", runtime.label()),
        requires_gpu: *requires_gpu,
        label: (*label).to_owned(),
        runtime: runtime.clone(),
    }
}

/// A runtime that the product has no image of: its id goes with its name.
fn of_runtime(runtime: &Runtime) -> Image {
    let name = runtime.name.as_str();
    let digits = Sha256::of(format!("skep image {name}").as_bytes()).to_string();
    let uuid = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..32]].join("-");
    Image {
        uuid,
        name: name.to_owned(),
        registry_path: format!("skep/{name}:latest"),
        description: format!("the runtime {} of this server", runtime.label()),
        requires_gpu: false,
        label: name.to_owned(),
        runtime: runtime.clone(),
    }
}

/// A model of GPU.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gpu {
    pub(super) uuid: &'static str,
    pub(super) name: &'static str,
    pub(super) codename: &'static str,
    pub(super) cuda_cores: u32,
    /// Whether runs may ask for it.
    pub(super) is_available: bool,
}

const fn gpu(uuid: &'static str, name: &'static str, codename: &'static str, cuda_cores: u32) -> Gpu {
    Gpu { uuid, name, codename, cuda_cores, is_available: false }
}

/// The model that is always there: as long as this server has no GPU, it is the CPU under this name.
const STAND_IN: Gpu = Gpu {
    is_available: true,
    ..gpu("e4c0d486-d74e-4248-824b-e6dd39464a85", "Nvidia Tesla P4 8GB", "teslap4", 2560)
};

/// By their cores, most first.
pub(super) const GPUS: [Gpu; 9] = [
    gpu("caf0daeb-ba23-4499-b4f9-8b4965714366", "Titan V 12GB", "titanv", 5120),
    gpu("f856b76d-557c-43a7-a072-b6e1df71fd40", "Tesla K80 24GB", "teslak80", 4992),
    gpu("536457fd-634f-46dd-96d0-009c73d5ca5c", "Titan Xp", "titanxp", 3840),
    gpu("6107ee43-9ee1-4180-8d3d-0bef1c450847", "GTX 1080 Ti 11GB", "1080_ti", 3584),
    gpu("0b4a3f93-9e0e-40d6-915a-359d07556035", "Titan X", "titanx", 3072),
    STAND_IN,
    gpu("13d6e1a2-3151-46c7-9420-3a5b2688ba06", "GTX 1080 8GB", "1080", 2560),
    gpu("56380b69-30eb-43d0-bcc0-e4b5a2b50955", "GTX 1070", "1070", 1920),
    gpu("d220b51d-569c-40de-a290-097f6781397f", "GTX 1060", "1060", 1280),
];

/// A model by its id: dashed, or 32 hex digits.
pub(super) fn gpu_by_id(id: &str) -> Option<Gpu> {
    GPUS.into_iter().find(|gpu| is_same(gpu.uuid, id))
}

/// The models that one can stand for: itself, and those with no more cores.
pub(super) fn gpus_up_to(gpu: Gpu) -> impl Iterator<Item = Gpu> {
    GPUS.into_iter().filter(move |other| other.cuda_cores <= gpu.cuda_cores)
}

/// Whether two texts are the same id.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let digits = |id: &str| id.replace('-', "").to_ascii_lowercase();
    digits(one) == digits(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gpus_are_sorted_and_one_is_there() {
        assert!(GPUS.is_sorted_by(|one, next| one.cuda_cores >= next.cuda_cores));
        assert_eq!(GPUS.iter().filter(|gpu| gpu.is_available).count(), 1);
        assert_eq!(gpu_by_id(&STAND_IN.uuid.replace('-', "").to_uppercase()), Some(STAND_IN));
        assert_eq!(gpu_by_id(""), None);
    }
}
