/**
 * What the extension weighs, and what it costs on a page without Paratii content (docs/bench.md). Ends with an error
 * when a bar is missed. Says on stderr what it does, and prints one JSON object as the last line on stdout.
 *
 *   npm run bench:footprint -- [--seconds 60]
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gzipSync } from 'node:zlib'
import { bundles, extensionFolder } from '../plasmo.config.ts'
import { findTool } from '../scripts/find-tools.mjs'
import { type Chromium, startChromium } from './chromium.ts'
import { cpuBetween, readCpuTimes } from './cpu-times.ts'
import { describeMachine, roundTo } from './machine.ts'

const root = join(import.meta.dirname, '..')
const resultFile = join(import.meta.dirname, 'results/footprint.json')
const say = (text: string): void => void process.stderr.write(`${text}\n`)

/** Bytes after gzip, at most. */
const mostBytes = { contentScript: 5_000, serviceWorker: 150_000, tag: 8_000, nodeWorker: 300_000 }
type Part = keyof typeof mostBytes

const partFiles = async (): Promise<Record<Part, string>> => {
  const manifest = JSON.parse(await readFile(join(root, extensionFolder, 'manifest.json'), 'utf8'))
  const outfileOf = (entry: string): string => bundles.find(bundle => bundle.entry === entry)?.outfile ?? ''
  return {
    contentScript: join(extensionFolder, manifest.content_scripts[0].js[0]),
    serviceWorker: join(extensionFolder, manifest.background.service_worker),
    tag: outfileOf('src/player/paratii-player.ts'),
    nodeWorker: outfileOf('src/extension/node-worker.ts'),
  }
}

const measureSizes = async () => {
  const sizes: Partial<Record<Part, number>> = {}
  for (const [part, file] of Object.entries(await partFiles()))
    sizes[part as Part] = gzipSync(await readFile(join(root, file)), { level: 9 }).length
  return sizes as Record<Part, number>
}

const startPlainPage = async () => {
  const server = createServer((_, response) =>
    response
      .setHeader('content-type', 'text/html')
      .end('<!doctype html><title>Plain</title><p>No video here.'),
  )
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, stop: () => void server.close() }
}

/** Pages and workers of the extension that are there now. */
const ownTargets = async ({ devtools }: Chromium) =>
  (await devtools.targets()).filter(({ url }) => url.startsWith('chrome-extension:'))

/** The tab that opens itself at the installation is there for a moment on every new profile: it is no page of a site. */
const closeOnboarding = async (chromium: Chromium): Promise<void> => {
  for (;;) {
    const tab = (await ownTargets(chromium)).find(({ type }) => type === 'page')
    if (tab !== undefined) return chromium.devtools.closeTarget(tab.targetId)
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** A page without the tag, left alone: what runs of us at the end, and what all of the browser used meanwhile. */
const measureIdle = async (chromium: Chromium, url: string, seconds: number) => {
  const page = await chromium.devtools.openPage(url)
  await page.waitFor(() => document.readyState === 'complete')
  const before = readCpuTimes(chromium.pid, {})
  await new Promise(resolve => setTimeout(resolve, seconds * 1000))
  const cpu = cpuBetween(before, readCpuTimes(chromium.pid, {}))
  const heapBytes = await page.heapBytes()
  const left = (await ownTargets(chromium)).map(({ type, url: address }) => `${type} ${address}`)
  await page.close()
  const cpuSeconds = Object.values(cpu).reduce((sum, used) => sum + used, 0)
  return { heapBytes, cpuSeconds: roundTo(cpuSeconds, 2), left }
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const seconds = Number(values.seconds)
const executable = findTool('chromium')
if (executable === undefined) throw new Error('Chromium is needed: install it, or set CHROMIUM_PATH')
const folder = await mkdtemp(join(tmpdir(), 'paratii-bench-'))
const plain = await startPlainPage()
try {
  const gzipBytes = await measureSizes()
  const idle: Partial<Record<'with' | 'without', Awaited<ReturnType<typeof measureIdle>>>> = {}
  let version = ''
  for (const way of ['with', 'without'] as const) {
    say(`A page without Paratii content for ${seconds} s, ${way} the extension`)
    const extension = way === 'with' ? join(root, extensionFolder) : undefined
    const chromium = await startChromium({ executable, extension, profile: join(folder, way) })
    try {
      version = await chromium.devtools.version()
      if (way === 'with') await closeOnboarding(chromium)
      idle[way] = await measureIdle(chromium, plain.url, seconds)
    } finally {
      await chromium.stop()
    }
  }
  const missed = [
    ...Object.entries(mostBytes).flatMap(([part, most]) =>
      gzipBytes[part as Part] > most ? [`${part}: ${gzipBytes[part as Part]} bytes, at most ${most}`] : [],
    ),
    ...(idle.with?.left ?? []).map(target => `still running: ${target}`),
  ]
  const result = {
    name: 'footprint',
    gzipBytes,
    mostBytes,
    idleSeconds: seconds,
    idle,
    missed,
    machine: describeMachine(version),
    at: new Date().toISOString(),
  }
  await mkdir(join(resultFile, '..'), { recursive: true })
  await writeFile(resultFile, `${JSON.stringify(result, null, 2)}\n`)
  console.log(JSON.stringify(result))
  if (missed.length > 0) process.exitCode = 1
} finally {
  plain.stop()
  await rm(folder, { recursive: true, force: true })
}
