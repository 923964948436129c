//! Models, between the product's words and the engine's.

use std::sync::Arc;

use bytes::Bytes;
use skep_domain::model::function::Name;
use skep_domain::model::id::AccountId;
use skep_domain::model::ml_model::{Batching, Dim, Found, MlModel, Port};
use skep_domain::port::store::Models;
use skep_domain::{Code, Error, Result};
use skep_engine::{Engine, GrantedModel};
use skep_inference::Inspected;
use skep_store::FileArtifacts;
use tokio::sync::Semaphore;

/// Models that are looked through at once: each takes a process.
const INSPECTIONS_MAX: usize = 1;

/// Models as guests and uploads need them.
pub(crate) struct ModelShelf {
    store: Arc<dyn Models>,
    files: Arc<FileArtifacts>,
    inspections: Arc<Semaphore>,
}

impl ModelShelf {
    pub(crate) fn new(store: Arc<dyn Models>, files: Arc<FileArtifacts>) -> Self {
        Self { store, files, inspections: Arc::new(Semaphore::new(INSPECTIONS_MAX)) }
    }

    /// Those of an account by their names. One that is gone is not among them, and a guest that asks for it is told.
    pub(super) async fn granted(&self, account: AccountId, names: &[String]) -> Result<Vec<GrantedModel>> {
        let mut granted = Vec::with_capacity(names.len());
        for name in names {
            let name = Name::parse(name)?;
            if let Some(model) = self.store.model_find(account, &name).await? {
                granted.push(self.grant(account, &model));
            }
        }
        Ok(granted)
    }

    fn grant(&self, account: AccountId, model: &MlModel) -> GrantedModel {
        GrantedModel {
            name: model.name.as_str().to_owned(),
            hash: model.sha256.0,
            file: self.files.path(model.sha256),
            batching: model.batching.map(batching),
            // Inferences of accounts meet only in what the operator shares with all.
            scope: if model.shared { 0 } else { account.to_u128() },
        }
    }

    /// Looks through a model in the engine's child.
    pub(super) async fn inspect(&self, engine: &Engine, file: Bytes, how: Option<Batching>) -> Result<Found> {
        let turn = self.inspections.clone().acquire_owned().await.map_err(Error::internal)?;
        let engine = engine.clone();
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            engine.inspect_model(&file, how.map(batching))
        });
        let inspected = work.await.map_err(Error::internal)?;
        inspected.map(found).map_err(|failure| match failure.code {
            skep_inference::Code::TooLarge => Error::new(Code::TooLarge, failure.message),
            _ => Error::invalid(failure.message),
        })
    }
}

fn batching(how: Batching) -> skep_inference::Batching {
    skep_inference::Batching { axis: how.axis as usize, rows_max: how.rows_max as usize }
}

fn found(inspected: Inspected) -> Found {
    let skep_inference::Signature { inputs, outputs } = inspected.signature;
    Found {
        inputs: inputs.into_iter().map(port).collect(),
        outputs: outputs.into_iter().map(port).collect(),
        backend: inspected.backend,
        memory_bytes: inspected.memory_bytes,
    }
}

fn port(port: skep_inference::Port) -> Port {
    let dim = |dim| match dim {
        skep_inference::Dim::Fixed(length) => Dim::Fixed(length as u64),
        skep_inference::Dim::Named(name) => Dim::Named(name),
        skep_inference::Dim::Free => Dim::Free,
    };
    let dims = port.dims.map(|dims| dims.into_iter().map(dim).collect());
    Port { name: port.name, ty: port.ty.name().to_owned(), dims }
}
