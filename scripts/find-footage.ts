/**
 * Finds a film that nobody made for us: `FOOTAGE_PATH`, else a screencast of Debian's `gnome-user-docs` (VP8, 4:3, 37 s,
 * without sound), taken from where the package is installed, from the cache folder, or out of the package, which apt
 * downloads and nothing installs.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

const debianPackage = 'gnome-user-docs'
const inPackage = 'usr/share/help/C/gnome-help/figures/display-dual-monitors.webm'

/** Its path. Throws with one line that says what to do. */
export function findFootage(cacheFolder: string): string {
  const chosen = process.env.FOOTAGE_PATH
  if (chosen) {
    if (existsSync(chosen)) return chosen
    throw new Error(`FOOTAGE_PATH names no file (${chosen}).`)
  }
  const cached = join(cacheFolder, 'display-dual-monitors.webm')
  const found = [join('/', inPackage), cached].find(existsSync)
  if (found !== undefined) return found
  mkdirSync(cacheFolder, { recursive: true })
  const folder = mkdtempSync(join(cacheFolder, 'footage-'))
  try {
    const run = (command: string, ...parameters: string[]) =>
      spawnSync(command, parameters, { cwd: folder, stdio: ['ignore', 2, 2] }).status === 0
    const download = () => run('apt-get', 'download', debianPackage)
    if (!download() && run('apt-get', 'update')) download()
    const [file] = readdirSync(folder).filter(name => name.endsWith('.deb'))
    if (file === undefined || !run('dpkg-deb', '-x', file, '.'))
      throw new Error(`Missing: real footage; install ${debianPackage} or set FOOTAGE_PATH to a film.`)
    renameSync(join(folder, inPackage), cached)
    return cached
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
