//! What tough makes of a repository:
//!
//!     client METADATA-URL TARGETS-URL ROOT-FILE CACHE-FOLDER TARGET
//!
//! Both URLs are file: URLs. See ../../clients.py for what a client prints and how it ends.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use tough::{FilesystemTransport, Prefix, RepositoryLoader, TargetName};

type Failure = Box<dyn Error>;

struct Wanted {
    metadata: url::Url,
    targets: url::Url,
    root: Vec<u8>,
    cache: String,
    target: String,
}

fn wanted(words: &[String]) -> Result<Wanted, Failure> {
    let [metadata, targets, root, cache, target] = words else {
        return Err("client METADATA-URL TARGETS-URL ROOT-FILE CACHE-FOLDER TARGET".into());
    };
    for folder in ["metadata", "targets"] {
        std::fs::create_dir_all(Path::new(cache).join(folder))?;
    }
    Ok(Wanted {
        metadata: metadata.parse()?,
        targets: targets.parse()?,
        root: std::fs::read(root)?,
        cache: cache.clone(),
        target: target.clone(),
    })
}

/// Ends with the version of the root that is trusted then.
async fn refresh(want: &Wanted) -> tough::error::Result<u64> {
    let cache = Path::new(&want.cache);
    let repository = RepositoryLoader::new(&want.root, want.metadata.clone(), want.targets.clone())
        .transport(FilesystemTransport)
        .datastore(cache.join("metadata"))
        .load()
        .await?;
    let name = TargetName::new(want.target.as_str())?;
    repository
        .save_target(&name, cache.join("targets"), Prefix::None)
        .await?;
    Ok(repository.root().signed.version.get())
}

/// An error and what it came from, in one line.
fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text = format!("{text}: {inner}");
        source = inner.source();
    }
    text.replace('\n', " ")
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ready = wanted(&words).and_then(|want| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok((want, runtime))
    });
    let (want, runtime) = match ready {
        Ok(ready) => ready,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(refresh(&want)) {
        Ok(version) => {
            println!("accepted root={version}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("refused {}", told(&error));
            ExitCode::FAILURE
        }
    }
}
