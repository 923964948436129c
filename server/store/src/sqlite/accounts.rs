//! Accounts and keys.

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use skep_domain::model::account::{Account, AccountName, Key, LOGIN_KEY};
use skep_domain::model::id::{AccountId, KeyId, Sha256};
use skep_domain::model::page::{Listed, Page, Position};
use skep_domain::model::receipt::Receipt;
use skep_domain::model::scope::Scopes;
use skep_domain::model::token::Subject;
use skep_domain::port::store::{AccountChange, Accounts, Identity, Written};
use skep_domain::{Code, Error, Result};

use super::rows::{RowExt, Stored, corrupt};
use super::{SqliteStore, internal, receipts};

const ACCOUNT: &str = "a.key AS account_key, a.id AS account_id, a.name AS account_name, a.weight,
    a.scopes AS account_scopes, a.password, a.created_at AS account_created_at";
const KEY: &str = "k.key, k.id, k.hash, k.name, k.scopes, k.expires_at, k.created_at";

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

    async fn account_create(
        &self,
        account: Account,
        key: Key,
        accounts_max: usize,
        receipt: Option<Receipt>,
    ) -> Result<Written> {
        self.write_accounts(move |connection| {
            if let Written::Before(receipt) = receipts::write(connection, receipt.as_ref())? {
                return Ok(Written::Before(receipt));
            }
            if get(connection, &account.name)?.is_some() {
                return Err(Error::conflict("there is an account with this name already").field("name"));
            }
            let there: usize = connection
                .query_row("SELECT count(*) FROM accounts", [], |row| row.unsigned(0))
                .map_err(internal)? as usize;
            if there >= accounts_max {
                let message = format!("the server may have {accounts_max} accounts");
                return Err(Error::new(Code::TooLarge, message));
            }
            insert_account(connection, &account)?;
            insert_key(connection, &key).map(|()| Written::Now)
        })
        .await
    }

    async fn account_get(&self, name: &AccountName) -> Result<Option<Account>> {
        let name = name.clone();
        self.read(move |connection| get(connection, &name)).await
    }

    async fn account_list(&self, page: Page) -> Result<Listed<Account>> {
        self.read(move |connection| {
            // Accounts are numbered in the order of their making.
            let sql = format!(
                "SELECT {ACCOUNT} FROM accounts a WHERE a.key < ? AND a.deleted = 0 ORDER BY a.key DESC LIMIT ?"
            );
            let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
            let rows = statement.query_map(params![before(&page), page.limit + 1], |row| {
                let account = account(row)?;
                Ok((Position { at: account.created_at, row: row.unsigned("account_key")? }, account))
            });
            let rows = rows.and_then(Iterator::collect).map_err(internal)?;
            Ok(Listed::cut(rows, &page))
        })
        .await
    }

    async fn account_change(&self, name: &AccountName, change: AccountChange) -> Result<Option<Account>> {
        let name = name.clone();
        self.write_accounts(move |connection| {
            connection
                .prepare_cached(
                    "UPDATE accounts SET weight = coalesce(?, weight), scopes = coalesce(?, scopes),
                         password = coalesce(?, password) WHERE name = ?",
                )
                .and_then(|mut update| {
                    let scopes = change.scopes.map(Scopes::bits);
                    update.execute(params![change.weight, scopes, change.password, name.as_str()])
                })
                .map_err(internal)?;
            if change.password.is_some() {
                const SQL: &str =
                    "DELETE FROM keys WHERE name = ? AND account = (SELECT key FROM accounts WHERE name = ?)";
                connection.execute(SQL, [LOGIN_KEY, name.as_str()]).map_err(internal)?;
            }
            get(connection, &name)
        })
        .await
    }

    async fn account_delete(&self, name: &AccountName) -> Result<bool> {
        let name = name.clone();
        self.write_accounts(move |connection| {
            const SQL: &str = "UPDATE accounts SET deleted = 1, name = hex(id) WHERE name = ? RETURNING key";
            let mut update = connection.prepare_cached(SQL).map_err(internal)?;
            let key: Option<i64> =
                update.query_row([name.as_str()], |row| row.get(0)).optional().map_err(internal)?;
            let Some(key) = key else { return Ok(false) };
            for sql in [
                "DELETE FROM keys WHERE account = ?",
                "UPDATE jobs SET cancel = 1 WHERE account = ? AND status = 1",
            ] {
                connection.execute(sql, [key]).map_err(internal)?;
            }
            Ok(true)
        })
        .await
    }

    async fn identity_find(&self, identity: Identity) -> Result<Option<(Account, Option<Key>)>> {
        let writes = match self.identities.get(&identity) {
            Ok(found) => return Ok(Some(found)),
            Err(writes) => writes,
        };
        let asked = identity.clone();
        let found = self.read(move |connection| find(connection, &asked)).await?;
        if let Some(found) = &found {
            self.identities.keep(identity, found.clone(), writes);
        }
        Ok(found)
    }

    async fn key_create(&self, key: Key, keys_max: usize, receipt: Option<Receipt>) -> Result<Written> {
        self.write_accounts(move |connection| {
            if let Written::Before(receipt) = receipts::write(connection, receipt.as_ref())? {
                return Ok(Written::Before(receipt));
            }
            const SQL: &str =
                "SELECT count(*) FROM keys WHERE account = (SELECT key FROM accounts WHERE id = ?)";
            let there: u64 = connection
                .prepare_cached(SQL)
                .and_then(|mut count| count.query_row([key.account.to_bytes()], |row| row.unsigned(0)))
                .map_err(internal)?;
            if there >= keys_max as u64 {
                let message = format!("an account may have {keys_max} keys; revoke one first");
                return Err(Error::new(Code::TooLarge, message));
            }
            insert_key(connection, &key).map(|()| Written::Now)
        })
        .await
    }

    async fn key_login(&self, key: Key, password: String, logins_max: u32) -> Result<bool> {
        self.write_accounts(move |connection| {
            const ACCOUNT: &str = "SELECT key FROM accounts WHERE id = ? AND password = ? AND deleted = 0";
            let account: Option<i64> = connection
                .query_row(ACCOUNT, params![key.account.to_bytes(), password], |row| row.get(0))
                .optional()
                .map_err(internal)?;
            let Some(account) = account else { return Ok(false) };
            const OLDEST: &str =
                "DELETE FROM keys WHERE key IN (SELECT key FROM keys WHERE account = ? AND name = ?
                ORDER BY key DESC LIMIT -1 OFFSET ?)";
            let kept = logins_max.saturating_sub(1);
            connection.execute(OLDEST, params![account, key.name, kept]).map_err(internal)?;
            insert_key(connection, &key).map(|()| true)
        })
        .await
    }

    async fn key_list(&self, account: AccountId, page: Page) -> Result<Listed<Key>> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT {KEY} FROM keys k WHERE k.account = (SELECT key FROM accounts WHERE id = ?)
                 AND k.key < ? ORDER BY k.key DESC LIMIT ?"
            );
            let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
            let values = params![account.to_bytes(), before(&page), page.limit + 1];
            let rows = statement.query_map(values, |row| {
                let key = key(row, account)?;
                Ok((Position { at: key.created_at, row: row.unsigned("key")? }, key))
            });
            let rows = rows.and_then(Iterator::collect).map_err(internal)?;
            Ok(Listed::cut(rows, &page))
        })
        .await
    }

    async fn key_delete(&self, account: AccountId, id: KeyId) -> Result<bool> {
        self.write_accounts(move |connection| {
            connection
                .prepare_cached(
                    "DELETE FROM keys WHERE id = ? AND account = (SELECT key FROM accounts WHERE id = ?)",
                )
                .and_then(|mut delete| delete.execute([id.to_bytes(), account.to_bytes()]))
                .map(|deleted| deleted > 0)
                .map_err(internal)
        })
        .await
    }
}

/// Lists of what is numbered in the order of its making go on before the last number seen.
fn before(page: &Page) -> i64 {
    page.after.map_or(i64::MAX, |position| position.row.stored())
}

fn insert_account(connection: &Connection, account: &Account) -> Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO accounts (id, name, weight, scopes, password, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                account.id.to_bytes(),
                account.name.as_str(),
                account.weight,
                account.scopes.bits(),
                account.password,
                account.created_at.stored()
            ])
        })
        .map(drop)
        .map_err(internal)
}

fn insert_key(connection: &Connection, key: &Key) -> Result<()> {
    let inserted = connection
        .prepare_cached(
            "INSERT INTO keys (hash, id, account, name, scopes, expires_at, created_at)
             SELECT ?, ?, key, ?, ?, ?, ? FROM accounts WHERE id = ? AND deleted = 0",
        )
        .and_then(|mut insert| {
            insert.execute(params![
                key.hash.0,
                key.id.to_bytes(),
                key.name,
                key.scopes.bits(),
                key.expires_at.map(Stored::stored),
                key.created_at.stored(),
                key.account.to_bytes()
            ])
        })
        .map_err(internal)?;
    // Whoever deleted the account meanwhile was first.
    if inserted == 1 { Ok(()) } else { Err(Error::not_found("account")) }
}

fn get(connection: &Connection, name: &AccountName) -> Result<Option<Account>> {
    let sql = format!("SELECT {ACCOUNT} FROM accounts a WHERE a.name = ? AND a.deleted = 0");
    let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
    statement.query_row([name.as_str()], account).optional().map_err(internal)
}

fn find(connection: &Connection, identity: &Identity) -> Result<Option<(Account, Option<Key>)>> {
    let by_key = |condition: &str, value: &[u8]| {
        let sql = format!(
            "SELECT {ACCOUNT}, {KEY} FROM keys k JOIN accounts a ON a.key = k.account
             WHERE {condition} = ? AND a.deleted = 0"
        );
        let found = connection.prepare_cached(&sql).and_then(|mut statement| {
            let both = |row: &Row<'_>| {
                let account = account(row)?;
                let key = key(row, account.id)?;
                Ok((account, Some(key)))
            };
            statement.query_row([value], both).optional()
        });
        found.map_err(internal)
    };
    match identity {
        Identity::KeyHash(hash) => by_key("k.hash", &hash.0),
        Identity::Key(id) => by_key("k.id", &id.to_bytes()),
        Identity::Subject(Subject::Id(id)) => {
            let sql = format!("SELECT {ACCOUNT} FROM accounts a WHERE a.id = ? AND a.deleted = 0");
            let mut statement = connection.prepare_cached(&sql).map_err(internal)?;
            let found = statement.query_row([id.to_bytes()], account).optional().map_err(internal)?;
            Ok(found.map(|account| (account, None)))
        }
        Identity::Subject(Subject::Name(name)) => match AccountName::parse(name) {
            Ok(name) => Ok(get(connection, &name)?.map(|account| (account, None))),
            Err(_) => Ok(None),
        },
    }
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let name: String = row.get("account_name")?;
    Ok(Account {
        id: AccountId::from_bytes(row.get("account_id")?),
        name: AccountName::parse(&name).map_err(|_| corrupt("name"))?,
        weight: row.get("weight")?,
        scopes: Scopes::from_bits(row.get("account_scopes")?),
        password: row.get("password")?,
        created_at: row.millis("account_created_at")?,
    })
}

fn key(row: &Row<'_>, account: AccountId) -> rusqlite::Result<Key> {
    Ok(Key {
        id: KeyId::from_bytes(row.get("id")?),
        account,
        name: row.get("name")?,
        scopes: Scopes::from_bits(row.get("scopes")?),
        expires_at: row.maybe_millis("expires_at")?,
        hash: Sha256(row.get("hash")?),
        created_at: row.millis("created_at")?,
    })
}
