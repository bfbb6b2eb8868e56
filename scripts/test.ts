/**
 * Runs the test sets and closes with one line, `N passed, N failed`, counted from what the
 * runners themselves report: vitest's JSON report, Hardhat's summary, and one for each step of the check.
 *
 *   node scripts/test.ts [set ...]      without a set: all of `npm test`; `full`: the slow ones as well
 */
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'

interface Count {
  passed: number
  failed: number
}

/** As much of vitest's JSON report as is read here. */
interface Report {
  numPassedTests?: number
  numFailedTests?: number
  testResults?: { name: string; assertionResults: { status: string; fullName: string }[] }[]
}

/** Failed tests by name, shown again at the end: the sets print side by side. */
const failures: string[] = []

const root = resolve(import.meta.dirname, '..')
const bin = join(root, 'node_modules/.bin')

/** Runs a program of the project under its own Node, showing what it prints. */
function run(
  command: string,
  parameters: string[],
  env: Record<string, string> = {},
): Promise<{ code: number; output: string }> {
  const child = spawn(command, parameters, {
    cwd: root,
    env: { ...process.env, ...env, PATH: `${bin}:${process.env.PATH ?? ''}` },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
      process.stdout.write(chunk)
    })
  }
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', code => done({ code: code ?? 1, output }))
  })
}

/** A step that only says yes or no. */
async function step(command: string, ...parameters: string[]): Promise<Count> {
  const { code } = await run(command, parameters)
  return { passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1 }
}

/** A vitest run that dies without a report, or finds no test, counts as a failure. */
async function vitest(project: string, env: Record<string, string> = {}): Promise<Count> {
  const folder = await mkdtemp(join(tmpdir(), 'paratii-test-'))
  try {
    const report = join(folder, 'report.json')
    const parameters = ['run', '--project', project, '--reporter=default', '--reporter=json']
    const { code } = await run('vitest', [...parameters, `--outputFile.json=${report}`], env)
    const text = await readFile(report, 'utf8').catch(() => '{}')
    const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = JSON.parse(text) as Report
    for (const { name, assertionResults } of testResults)
      for (const { status, fullName } of assertionResults)
        if (status === 'failed') failures.push(`${relative(root, name)}: ${fullName}`)
    const unexplained = numFailedTests === 0 && (code !== 0 || numPassedTests === 0)
    return { passed: numPassedTests, failed: numFailedTests + (unexplained ? 1 : 0) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function hardhat(script: string): Promise<Count> {
  const { code, output } = await run('npm', ['run', '--silent', script])
  const sum = (word: string) =>
    [...output.matchAll(new RegExp(`(\\d+) ${word}`, 'g'))].reduce((total, [, n]) => total + Number(n), 0)
  const passed = sum('passing')
  const failed = sum('failing')
  return { passed, failed: failed + (failed === 0 && (code !== 0 || passed === 0) ? 1 : 0) }
}

async function all(...counts: (() => Promise<Count>)[]): Promise<Count> {
  const total: Count = { passed: 0, failed: 0 }
  for (const count of counts) {
    const { passed, failed } = await count()
    total.passed += passed
    total.failed += failed
  }
  return total
}

const sets: Record<string, () => Promise<Count>> = {
  tools: () => step('node', 'scripts/find-tools.mjs'),
  check: () =>
    all(
      () => step('biome', 'ci', '.'),
      () => step('tsc', '-p', '.'),
      () => step('depcruise', 'src', '--config', '.dependency-cruiser.mjs'),
      () => step('knip'),
      () => step('npm', 'run', '--silent', 'lint:contracts'),
      () => vitest('house'),
    ),
  unit: () => vitest('unit'),
  model: () => vitest('model'),
  contracts: () => hardhat('test:contracts'),
  gas: () => step('node', 'bench/gas.ts'),
  integration: () => vitest('integration'),
  fuzz: () => step('node', 'scripts/fuzz.ts', '100000'),
  build: () => step('npm', 'run', '--silent', 'build'),
  e2e: () => vitest('e2e'),
}

/** What takes too long for every day; `full` runs it after all the others. */
const slowSets: Record<string, () => Promise<Count>> = {
  chaos: () => vitest('chaos'),
  screens: () => vitest('screens'),
  'fuzz-nightly': () => step('node', 'scripts/fuzz.ts', '1000000', '2'),
  deployed: () => hardhat('test:contracts:deployed'),
  mutants: () => step('node', 'scripts/mutants.ts'),
  market: () => step('node', 'scripts/market-simulation.ts'),
  smt: () => step('node', 'scripts/smt.ts'),
  interleavings: () => vitest('model', { FC_NUM_RUNS: '10000' }),
}

/** What `npm test` runs, side by side what leaves the other a core; what plays a film has the machine to itself. */
const everyDay = [
  ['tools'],
  ['check', 'contracts'],
  ['unit', 'integration'],
  ['build', 'model', 'gas', 'fuzz'],
  ['e2e'],
]

const allSets = { ...sets, ...slowSets }
const forgotten = Object.keys(sets).filter(name => !everyDay.flat().includes(name))
if (forgotten.length > 0) throw new Error(`no step runs ${forgotten.join(', ')}`)
const total: Count = { passed: 0, failed: 0 }

async function report(name: string): Promise<void> {
  const set = allSets[name]
  if (!set)
    throw new Error(`no such set of tests: ${name}; there are full, ${Object.keys(allSets).join(', ')}`)
  const started = performance.now()
  const { passed, failed } = await set()
  total.passed += passed
  total.failed += failed
  process.stdout.write(
    `${name}: ${passed} ok, ${failed} not, ${Math.round((performance.now() - started) / 1000)} s\n`,
  )
}

const oneByOne = (names: readonly string[]) => names.map(name => [name])
const asked = process.argv.slice(2)
const steps = asked.includes('full')
  ? [...everyDay, ...oneByOne(Object.keys(slowSets))]
  : asked.length > 0
    ? oneByOne(asked)
    : everyDay
for (const names of steps) await Promise.all(names.map(report))
for (const failure of failures) process.stdout.write(`failed: ${failure}\n`)
process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`)
process.exitCode = total.failed === 0 ? 0 : 1
