//! The one layer: the executable, its other names, and the user it runs as.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

use super::layout::sha256;

/// A layer in its two forms.
pub(super) struct Layer {
    /// `sha256:…` of the tar before it is compressed.
    pub(super) diff_id: String,
    /// Gzip.
    pub(super) compressed: Vec<u8>,
}

const PASSWD: &[u8] = b"root:x:0:0:root:/:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/:/sbin/nologin\n";
const GROUP: &[u8] = b"root:x:0:\nnonroot:x:65532:\n";

/// The names by which the executable is a tool: those of the agent's `tools`.
pub(super) const TOOLS: [&str; 3] = ["curl", "nslookup", "ping"];

/// Packs the layer. Everything belongs to root and to nobody else to write, so a pod cannot change its own program.
pub(super) fn pack(executable: &[u8]) -> io::Result<Layer> {
    let mut tar = Builder::new(Vec::new());
    folder(&mut tar, "etc/")?;
    file(&mut tar, "etc/group", 0o644, GROUP)?;
    file(&mut tar, "etc/passwd", 0o644, PASSWD)?;
    folder(&mut tar, "usr/")?;
    folder(&mut tar, "usr/bin/")?;
    file(&mut tar, "usr/bin/clusterip-agent", 0o755, executable)?;
    for tool in TOOLS {
        link(&mut tar, &format!("usr/bin/{tool}"), "clusterip-agent")?;
    }
    let tar = tar.into_inner()?;
    // The header holds no time and no name, and an operating system that does not depend on where this runs.
    let mut gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    gzip.write_all(&tar)?;
    Ok(Layer { diff_id: sha256(&tar), compressed: gzip.finish()? })
}

/// A file that belongs to root and was made at the beginning of time.
pub(super) fn file(tar: &mut Builder<Vec<u8>>, path: &str, mode: u32, content: &[u8]) -> io::Result<()> {
    let mut header = header(EntryType::Regular, mode);
    header.set_size(content.len() as u64);
    tar.append_data(&mut header, path, content)
}

/// A folder that belongs to root and was made at the beginning of time.
pub(super) fn folder(tar: &mut Builder<Vec<u8>>, path: &str) -> io::Result<()> {
    tar.append_data(&mut header(EntryType::Directory, 0o755), path, io::empty())
}

fn link(tar: &mut Builder<Vec<u8>>, path: &str, target: &str) -> io::Result<()> {
    tar.append_link(&mut header(EntryType::Symlink, 0o777), path, target)
}

fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(0);
    header
}
