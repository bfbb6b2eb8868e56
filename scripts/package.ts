/**
 * Builds the extension and packs it for the Chrome Web Store.
 *
 *   npm run package              writes build/paratii-VERSION.zip and prints its size and SHA-256
 *   npm run package -- --twice   builds a second time, from nothing, and fails unless both are the same bytes
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import { extensionFolder } from '../plasmo.config.ts'
import { zipExtension } from './extension-zip.ts'

const root = join(import.meta.dirname, '..')

async function buildZip(): Promise<Uint8Array> {
  await Promise.all(['build', '.plasmo'].map(made => rm(join(root, made), { recursive: true, force: true })))
  await promisify(execFile)(process.execPath, [join(root, 'scripts/build-extension.ts')], { cwd: root })
  return zipExtension(join(root, extensionFolder))
}

const { values } = parseArgs({ options: { twice: { type: 'boolean', default: false } } })
const zip = await buildZip()
if (values.twice && !Buffer.from(await buildZip()).equals(Buffer.from(zip)))
  throw new Error('two builds of the same files differ')
const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'))
const path = `build/paratii-${version}.zip`
await writeFile(join(root, path), zip)
const sha256 = createHash('sha256').update(zip).digest('hex')
console.log(JSON.stringify({ path, bytes: zip.length, sha256, isReproduced: values.twice }))
