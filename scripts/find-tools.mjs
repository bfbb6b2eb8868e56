/**
 * Finds the programs that the project needs beside Node: Chromium (`CHROMIUM_PATH`, else the PATH) and ffmpeg
 * (`FFMPEG_PATH`, else the PATH). What is missing is installed by apt when this is Debian and we are root; else one
 * line says what to install, and the exit code is 1. Plain JavaScript: it runs before anything is set up, on Node 20.
 *
 *   node scripts/find-tools.mjs
 */
import { spawnSync } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** @typedef {{ variable: string, names: readonly string[], debianPackage: string }} Tool */

/** @type {Readonly<Record<'chromium' | 'ffmpeg', Tool>>} */
const tools = {
  chromium: {
    variable: 'CHROMIUM_PATH',
    names: ['chromium', 'chromium-browser', 'google-chrome'],
    debianPackage: 'chromium',
  },
  ffmpeg: { variable: 'FFMPEG_PATH', names: ['ffmpeg'], debianPackage: 'ffmpeg' },
}

/**
 * The path of a program: what its variable names, and nothing else where it is set; else the first on the PATH.
 *
 * @param {keyof typeof tools} tool
 * @param {Readonly<Record<string, string | undefined>>} [env]
 * @returns {string | undefined}
 */
export function findTool(tool, env = process.env) {
  const { variable, names } = tools[tool]
  const chosen = env[variable]
  if (chosen) return isExecutable(chosen) ? chosen : undefined
  const folders = (env.PATH ?? '').split(delimiter).filter(folder => folder !== '')
  return names.flatMap(name => folders.map(folder => join(folder, name))).find(isExecutable)
}

/**
 * Finds both programs, installing what is missing where `install` can.
 *
 * @param {Readonly<Record<string, string | undefined>>} [env]
 * @param {(packages: readonly string[]) => boolean} [install] Installs Debian packages; false where it cannot.
 * @returns {{ paths: { chromium: string, ffmpeg: string } } | { advice: string }} `advice` is one line.
 */
export function findTools(env = process.env, install = installByApt) {
  const missing = () => Object.keys(tools).filter(tool => findTool(tool, env) === undefined)
  // A variable that names nothing is a mistake that no installation mends.
  const wanted = missing()
    .map(tool => tools[tool])
    .filter(({ variable }) => !env[variable])
  if (wanted.length > 0) install(wanted.map(({ debianPackage }) => debianPackage))
  const stillMissing = missing()
  if (stillMissing.length > 0)
    return { advice: `Missing: ${stillMissing.map(tool => adviceFor(tools[tool], env)).join('; ')}.` }
  return { paths: { chromium: findTool('chromium', env) ?? '', ffmpeg: findTool('ffmpeg', env) ?? '' } }
}

/** @param {Tool} tool @param {Readonly<Record<string, string | undefined>>} env */
function adviceFor({ variable, debianPackage }, env) {
  if (env[variable]) return `${variable} names no program (${env[variable]})`
  return `install ${debianPackage} (Debian, as root: apt-get install -y ${debianPackage}) or set ${variable}`
}

/** @param {readonly string[]} packages */
function installByApt(packages) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return false
  const options = {
    stdio: /** @type {const} */ (['ignore', 2, 2]),
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  }
  process.stderr.write(`Installing ${packages.join(' and ')} by apt-get\n`)
  if (spawnSync('apt-get', ['update'], options).status !== 0) return false
  return spawnSync('apt-get', ['install', '-y', '--no-install-recommends', ...packages], options).status === 0
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const found = findTools()
  if ('paths' in found) {
    for (const [tool, path] of Object.entries(found.paths)) process.stdout.write(`${tool}: ${path}\n`)
  } else {
    process.stderr.write(`${found.advice}\n`)
    process.exitCode = 1
  }
}
