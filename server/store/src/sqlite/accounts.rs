//! Accounts and keys.

use async_trait::async_trait;
use rusqlite::{OptionalExtension, params};
use skep_domain::Result;
use skep_domain::model::account::{Account, Key};
use skep_domain::model::id::{AccountId, KeyId, Sha256};
use skep_domain::model::scope::Scopes;
use skep_domain::port::store::Accounts;

use super::rows::{RowExt, Stored};
use super::{SqliteStore, internal};

#[async_trait]
impl Accounts for SqliteStore {
    async fn account_any(&self) -> Result<bool> {
        self.read(|connection| {
            connection
                .query_row("SELECT EXISTS (SELECT 1 FROM accounts)", [], |row| row.get(0))
                .map_err(internal)
        })
        .await
    }

    async fn account_create(&self, account: Account, key: Key) -> Result<()> {
        self.write(move |connection| {
            connection
                .prepare_cached("INSERT INTO accounts (id, name, weight, created_at) VALUES (?, ?, ?, ?)")
                .and_then(|mut insert| {
                    insert.execute(params![account.id.to_bytes(), account.name, account.weight, account.created_at.stored()])
                })
                .map_err(internal)?;
            let row = connection.last_insert_rowid();
            connection
                .prepare_cached(
                    "INSERT INTO keys (hash, id, account, scopes, expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?)",
                )
                .and_then(|mut insert| {
                    insert.execute(params![
                        key.hash.0,
                        key.id.to_bytes(),
                        row,
                        key.scopes.bits(),
                        key.expires_at.map(Stored::stored),
                        key.created_at.stored()
                    ])
                })
                .map_err(internal)?;
            Ok(())
        })
        .await?;
        self.keys.written();
        Ok(())
    }

    async fn key_find(&self, hash: Sha256) -> Result<Option<(Account, Key)>> {
        let writes = match self.keys.get(&hash) {
            Ok(found) => return Ok(Some(found)),
            Err(writes) => writes,
        };
        let found = self.read(move |connection| find(connection, hash)).await?;
        if let Some(found) = &found {
            self.keys.keep(hash, found.clone(), writes);
        }
        Ok(found)
    }
}

fn find(connection: &rusqlite::Connection, hash: Sha256) -> Result<Option<(Account, Key)>> {
    const SQL: &str = "SELECT a.id AS account_id, a.name, a.weight, a.created_at AS account_created_at,
               k.id AS key_id, k.scopes, k.expires_at, k.created_at AS key_created_at
        FROM keys k JOIN accounts a ON a.key = k.account WHERE k.hash = ?";
    let mut statement = connection.prepare_cached(SQL).map_err(internal)?;
    let found = statement.query_row([hash.0], |row| {
        let id = AccountId::from_bytes(row.get("account_id")?);
        let account = Account {
            id,
            name: row.get("name")?,
            weight: row.get("weight")?,
            created_at: row.millis("account_created_at")?,
        };
        let key = Key {
            id: KeyId::from_bytes(row.get("key_id")?),
            account: id,
            scopes: Scopes::from_bits(row.get("scopes")?),
            expires_at: row.maybe_millis("expires_at")?,
            hash,
            created_at: row.millis("key_created_at")?,
        };
        Ok((account, key))
    });
    found.optional().map_err(internal)
}
