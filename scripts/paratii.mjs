#!/usr/bin/env node
/**
 * The `paratii` command. npm may run under Node 20, the program wants the Node that the project brings along (a dev
 * dependency), which runs TypeScript as it is: so this starts that one and passes signals and the exit code on. The
 * channel between the two carries nothing: it breaks when this process is killed, and the program then stops in order.
 */
import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const wantedMajor = 24

/** @returns {string} */
function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= wantedMajor) return process.execPath
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json')
    return join(dirname(manifest), 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
  } catch {
    process.stderr.write(
      `paratii: Node ${wantedMajor} is needed and not installed. Run npm install in ${root}.\n`,
    )
    process.exit(1)
  }
}

const child = spawn(
  findNode(),
  ['--disable-warning=ExperimentalWarning', join(root, 'src/cli/main.ts'), ...process.argv.slice(2)],
  // File descriptors above 2 are passed on for --password-fd.
  { stdio: ['inherit', 'inherit', 'inherit', ...inheritedDescriptors(), 'ipc'] },
)

/** @returns {('inherit' | number)[]} */
function inheritedDescriptors() {
  const at = process.argv.findIndex(argument => /^--password-fd(?:=|$)/.test(argument))
  const fd = Number(process.argv[at]?.split('=')[1] ?? process.argv[at + 1])
  if (at < 0 || !Number.isInteger(fd) || fd < 3 || fd > 255) return []
  return Array.from({ length: fd - 2 }, (_, n) => (n + 3 === fd ? fd : 'ignore'))
}

// The child is in our process group: a terminal's Ctrl-C reaches it by itself, a signal sent to us alone does not.
for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal)
  })
}
child.on('error', error => {
  process.stderr.write(`paratii: ${error.message}\n`)
  process.exitCode = 1
})
child.on('close', (code, signal) => {
  process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 1)
})
