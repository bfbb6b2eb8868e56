/**
 * Builds the extension into `build/chrome-mv3-prod` and the tag for sites into `build/player`.
 *
 *   node scripts/build-extension.ts                 all of it
 *   node scripts/build-extension.ts --manifest-only write the manifest of plasmo.config.ts into package.json
 */
import { spawn } from 'node:child_process'
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual, parseArgs } from 'node:util'
import { build } from 'esbuild'
import {
  browserslist,
  bundles,
  copies,
  extensionFolder,
  manifest,
  pageScripts,
  tagFolder,
} from '../plasmo.config.ts'

const root = join(import.meta.dirname, '..')

/** Plasmo takes all it is told from package.json alone; it is written there when it differs, and only then. */
async function writeManifest(): Promise<boolean> {
  const path = join(root, 'package.json')
  const text = await readFile(path, 'utf8')
  const described = JSON.parse(text)
  const changed = { ...described, manifest, browserslist }
  if (JSON.stringify(described) === JSON.stringify(changed)) return false
  await writeFile(path, `${JSON.stringify(changed, null, 2)}\n`)
  return true
}

/** Runs `plasmo build`. What it prints is shown when it fails, else it is noise. */
function runPlasmo(): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, 'node_modules/plasmo/bin/index.mjs'), 'build'], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_ENV: 'production' },
    })
    let printed = ''
    const note = (text: Buffer): void => {
      printed += text.toString()
    }
    child.stdout.on('data', note)
    child.stderr.on('data', note)
    child.once('error', reject)
    child.once('close', code => {
      // Plasmo ends with 0 when its bundler fails, too.
      if (code === 0 && printed.includes('DONE')) resolve()
      else reject(new Error(`plasmo build failed (${code}):\n${printed}`))
    })
  })
}

async function buildBundle({ entry, outfile, format }: (typeof bundles)[number]): Promise<void> {
  await build({
    entryPoints: [join(root, entry)],
    outfile: join(root, outfile),
    format,
    bundle: true,
    minify: true,
    platform: 'browser',
    target: 'es2022',
    legalComments: 'none',
    logLevel: 'warning',
    absWorkingDir: root,
    define: { 'process.env.NODE_ENV': '"production"' },
  })
}

/** A player that waits for a font of a third party tells it who watches; the system's fonts do. */
const withoutRemoteFonts = (css: string): string =>
  css.replaceAll(/@font-face\s*\{[^}]*url\(\s*['"]?https?:[^}]*\}/g, '')

async function copyPart({ from, to, ...options }: (typeof copies)[number]): Promise<void> {
  const source = join(root, from)
  const target = join(root, extensionFolder, to)
  await mkdir(dirname(target), { recursive: true })
  if (options.withoutRemoteFonts !== true) return copyFile(source, target)
  const css = withoutRemoteFonts(await readFile(source, 'utf8'))
  if (/url\(\s*['"]?https?:/.test(css)) throw new Error(`${from} would load something from the network`)
  await writeFile(target, css)
}

/** The manifest that browsers get, as it must be: whatever Plasmo adds to ours is seen here before a user sees it. */
const expectedManifest = 'scripts/built-manifest.json'

async function addPageScripts(): Promise<void> {
  const path = join(root, extensionFolder, 'manifest.json')
  const built = JSON.parse(await readFile(path, 'utf8'))
  await writeFile(
    path,
    JSON.stringify({ ...built, content_scripts: [...built.content_scripts, ...pageScripts] }),
  )
}

async function checkBuiltManifest(): Promise<void> {
  const built = await readFile(join(root, extensionFolder, 'manifest.json'), 'utf8')
  // Names of files carry hashes of what is in them.
  const found = JSON.parse(built.replaceAll(/\.[0-9a-f]{8}\.(js|css|png)"/g, '.$1"'))
  const expected = JSON.parse(await readFile(join(root, expectedManifest), 'utf8'))
  if (isDeepStrictEqual(found, expected)) return
  throw new Error(`the built manifest is not ${expectedManifest}:\n${JSON.stringify(found, null, 2)}`)
}

async function buildExtension(): Promise<void> {
  const startedAtMs = Date.now()
  await writeManifest()
  await rm(join(root, extensionFolder), { recursive: true, force: true })
  await rm(join(root, tagFolder), { recursive: true, force: true })
  // Plasmo empties its folder, so it goes first.
  await runPlasmo()
  await addPageScripts()
  await checkBuiltManifest()
  await Promise.all([...bundles.map(buildBundle), ...copies.map(copyPart)])
  console.log(
    `built ${extensionFolder} and ${tagFolder} in ${((Date.now() - startedAtMs) / 1000).toFixed(1)} s`,
  )
}

const { values } = parseArgs({ options: { 'manifest-only': { type: 'boolean', default: false } } })
if (values['manifest-only']) console.log((await writeManifest()) ? 'manifest written' : 'manifest as it was')
else await buildExtension()
