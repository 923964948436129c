//! What a client says of an instance, and the profile of a worker that it becomes.

use std::collections::BTreeSet;

use skep_domain::Error;
use skep_domain::model::labels::Labels;
use skep_domain::model::money::Nanodollars;
use skep_domain::model::worker::Profile;

use crate::sharedcloud::body::Fields;
use crate::sharedcloud::catalog::{self, Gpu, Image};
use crate::sharedcloud::error::wrong;
use crate::sharedcloud::map;

/// What is said of an instance that is made or changed.
pub(super) struct Said {
    name: Option<String>,
    is_gpu: Option<bool>,
    gpu: Option<Gpu>,
    ask: Option<Nanodollars>,
    places: Option<u32>,
}

impl Said {
    pub(super) fn read(fields: &mut Fields) -> Result<Self, Error> {
        let is_gpu = match fields.take("type").as_deref() {
            None => None,
            Some("1") => Some(false),
            Some("2") => Some(true),
            Some(other) => return Err(wrong("type", format!("\"{other}\" is not a valid choice."))),
        };
        let gpu = fields.take("gpu").map(|id| {
            let found = catalog::gpu_by_id(&id);
            found.ok_or_else(|| wrong("gpu", format!("Invalid pk \"{id}\" - object does not exist.")))
        });
        let places = fields.take("max_num_parallel_jobs").map(|text| {
            let number = text.parse::<i128>();
            // What no worker can have is refused by its name.
            let places = number.map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX));
            places.map_err(|_| wrong("max_num_parallel_jobs", "A valid integer is required."))
        });
        Ok(Self {
            name: fields.take("name"),
            is_gpu,
            gpu: gpu.transpose()?,
            ask: fields.price("ask_price")?,
            places: places.transpose()?,
        })
    }

    /// The profile of an instance that is to be made.
    pub(super) fn of_one_that_is_new(&self) -> Result<Profile, Error> {
        let missing = |name: &str| wrong(name, "This field is required.");
        self.is_gpu.ok_or_else(|| missing("type"))?;
        let bare = Profile {
            name: self.name.clone().ok_or_else(|| missing("name"))?,
            ask: self.ask.ok_or_else(|| missing("ask_price"))?,
            places: 1,
            offers: BTreeSet::new(),
            labels: Labels::new(),
        };
        self.applied_to(&bare, &[])
    }

    /// The profile, as it is with this. Images that are for the other type are not there any more.
    pub(super) fn applied_to(&self, from: &Profile, images: &[Image]) -> Result<Profile, Error> {
        let had = map::gpu_of(from);
        let is_gpu = self.is_gpu.unwrap_or(had.is_some());
        let gpu = match (is_gpu, self.gpu) {
            (true, given) => Some(
                given
                    .or(had)
                    .ok_or_else(|| wrong("gpu", "gpu needs to be provided if the instance is type GPU"))?,
            ),
            (false, Some(_)) => {
                let message =
                    "gpu is unnecessary because the instance is not, or not gonna be type GPU anymore";
                return Err(wrong("gpu", message));
            }
            (false, None) => None,
        };
        let field = "max_num_parallel_jobs";
        match (is_gpu, self.places) {
            (true, Some(places)) if places > 1 => {
                let message = "is invalid. All GPU instances can only process one job at a time";
                return Err(wrong(field, format!("{field} {message}")));
            }
            (true, None) if from.places > 1 => {
                let set = from.places;
                let message =
                    format!("current set value ({set}) is invalid for a GPU instance. Please set it to 1");
                return Err(wrong(field, message));
            }
            _ => {}
        }
        let kept = images.iter().filter(|image| image.requires_gpu == is_gpu);
        let kept =
            kept.map(|image| map::requires_image(&image.uuid)).filter(|image| from.offers.contains(image));
        let below = gpu.into_iter().flat_map(catalog::gpus_up_to).map(|gpu| map::requires_gpu(gpu.uuid));
        let mut labels = from.labels.clone();
        labels.remove(map::GPU);
        labels.extend(gpu.map(|gpu| (map::GPU.to_owned(), gpu.uuid.to_owned())));
        Ok(Profile {
            name: self.name.clone().unwrap_or_else(|| from.name.clone()),
            ask: self.ask.unwrap_or(from.ask),
            places: self.places.unwrap_or(from.places),
            offers: kept.chain(below).collect(),
            labels,
        })
    }
}

/// What a profile is refused for, by the names that its fields have here.
pub(super) fn in_its_words(error: Error) -> Error {
    match error.field_at_fault() {
        Some("places") => {
            let message = error.message().replace("places", "max_num_parallel_jobs");
            wrong("max_num_parallel_jobs", message)
        }
        _ => error,
    }
}
