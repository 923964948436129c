//! URLs, by the crate that follows the URL Standard.

use rquickjs::prelude::Opt;
use rquickjs::{Ctx, Exception, Function, Object, Result};
use url::{Url, form_urlencoded, quirks};

pub(super) fn add<'js>(ctx: &Ctx<'js>, skep: &Object<'js>) -> Result<()> {
    skep.set("parseUrl", Function::new(ctx.clone(), parse)?)?;
    skep.set("changeUrl", Function::new(ctx.clone(), change)?)?;
    skep.set("parseQuery", Function::new(ctx.clone(), parse_query)?)?;
    skep.set("writeQuery", Function::new(ctx.clone(), write_query)?)
}

/// A URL in its normal form.
fn parse(ctx: Ctx<'_>, text: String, base: Opt<Option<String>>) -> Result<String> {
    let invalid = |text: &str| Exception::throw_type(&ctx, &format!("Invalid URL: {text}"));
    let base = base.0.flatten().map(|base| Url::parse(&base).map_err(|_| invalid(&base))).transpose()?;
    let url = Url::options().base_url(base.as_ref()).parse(&text).map_err(|_| invalid(&text))?;
    Ok(url.into())
}

/// A part of a URL: reads it, or sets it and gives the URL as it is then. What does not fit changes nothing.
fn change(ctx: Ctx<'_>, url: String, part: String, value: Opt<Option<String>>) -> Result<String> {
    let mut url = Url::parse(&url).map_err(|_| Exception::throw_type(&ctx, "Invalid URL"))?;
    let Some(value) = value.0.flatten() else {
        return Ok(match part.as_str() {
            "origin" => quirks::origin(&url),
            "protocol" => quirks::protocol(&url).to_owned(),
            "username" => quirks::username(&url).to_owned(),
            "password" => quirks::password(&url).to_owned(),
            "host" => quirks::host(&url).to_owned(),
            "hostname" => quirks::hostname(&url).to_owned(),
            "port" => quirks::port(&url).to_owned(),
            "pathname" => quirks::pathname(&url).to_owned(),
            "search" => quirks::search(&url).to_owned(),
            _ => quirks::hash(&url).to_owned(),
        });
    };
    let _ = match part.as_str() {
        "protocol" => quirks::set_protocol(&mut url, &value),
        "username" => quirks::set_username(&mut url, &value),
        "password" => quirks::set_password(&mut url, &value),
        "host" => quirks::set_host(&mut url, &value),
        "hostname" => quirks::set_hostname(&mut url, &value),
        "port" => quirks::set_port(&mut url, &value),
        "pathname" => {
            quirks::set_pathname(&mut url, &value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, &value);
            Ok(())
        }
        _ => {
            quirks::set_hash(&mut url, &value);
            Ok(())
        }
    };
    Ok(url.into())
}

fn parse_query(query: String) -> Vec<Vec<String>> {
    let query = query.strip_prefix('?').unwrap_or(&query);
    let pairs = form_urlencoded::parse(query.as_bytes());
    pairs.map(|(name, value)| vec![name.into_owned(), value.into_owned()]).collect()
}

fn write_query(pairs: Vec<Vec<String>>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for pair in &pairs {
        if let [name, value] = &pair[..] {
            query.append_pair(name, value);
        }
    }
    query.finish()
}
