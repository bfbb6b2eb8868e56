import { readdir, readFile } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { zipSync } from 'fflate'

/** The earliest time that a zip can hold: no entry tells when it was made. */
const madeAt = '1980-01-01T00:00:00'

/**
 * A folder as the zip that the Chrome Web Store takes: the same bytes for the same files, whoever made them and when.
 * The manifest's `key` gives unpacked copies a fixed id; the store has one of its own and takes none.
 */
export async function zipExtension(folder: string): Promise<Uint8Array> {
  const found = await readdir(folder, { recursive: true, withFileTypes: true })
  const paths = found
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .toSorted()
  const files: Record<string, Uint8Array> = {}
  for (const path of paths) {
    const bytes = await readFile(join(folder, path))
    files[path] = path === 'manifest.json' ? withoutKey(bytes) : bytes
  }
  return zipSync(files, { level: 9, mtime: madeAt, os: 3, attrs: 0o644 << 16 })
}

function withoutKey(bytes: Uint8Array): Uint8Array {
  const { key: _, ...manifest } = JSON.parse(new TextDecoder().decode(bytes))
  return new TextEncoder().encode(JSON.stringify(manifest))
}
