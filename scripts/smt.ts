/**
 * Lets the compiler's model checker (SMTChecker, Z3 as the npm compiler carries it) prove what test/smt/ states of the
 * arithmetic of money: every assertion, overflow, underflow and division of every function, for all values. Fails on a
 * condition that is violated or not proved, and on too few conditions. Each file is a process of its own, ended after five
 * minutes: without threads, which WebAssembly lacks, the solver has no time limit.
 *
 *   node scripts/smt.ts
 */
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

type Found = { readonly errorCode?: string; readonly message: string; readonly formattedMessage?: string }
type Compiler = { compile(input: string, callbacks: { import(path: string): { contents: string } }): string }

const root = resolve(import.meta.dirname, '..')
const longestMs = 300_000
/** Conditions that each file states; fewer would mean that something is not looked at any more. */
const statements = { ChannelMoney: 20, PurchaseMoney: 16 }
/** That the engine is to be removed; that assembly is not looked into, which the files do not call. */
const saysNothing = new Set(['3993', '5724'])
const proved = '6002'

/** Run in a process of its own: prints what the checker found as JSON. */
const check = async (name: string): Promise<void> => {
  const compiler = createRequire(import.meta.url)('solc') as Compiler
  const source = `test/smt/${name}.sol`
  const input = {
    language: 'Solidity',
    sources: { [source]: { content: await readFile(join(root, source), 'utf8') } },
    settings: {
      evmVersion: 'osaka',
      outputSelection: {},
      modelChecker: {
        engine: 'bmc',
        solvers: ['z3'],
        targets: ['assert', 'overflow', 'underflow', 'divByZero'],
        showUnproved: true,
        timeout: 0,
        contracts: { [source]: [name] },
      },
    },
  }
  const importFile = (path: string) => ({ contents: readFileSync(join(root, path), 'utf8') })
  const { errors = [] } = JSON.parse(compiler.compile(JSON.stringify(input), { import: importFile })) as {
    errors?: readonly Found[]
  }
  process.stdout.write(JSON.stringify(errors))
}

const findingsOf = (name: string): Promise<readonly Found[]> => {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), name], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: longestMs,
  })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  return new Promise((done, fail) => {
    child.on('error', fail)
    child.on('close', code => {
      if (code === 0) done(JSON.parse(output) as readonly Found[])
      else fail(new Error(`the checker did not end with ${name} (${code ?? 'five minutes'})`))
    })
  })
}

const [asked] = process.argv.slice(2)
if (asked !== undefined) await check(asked)
else
  for (const [name, expected] of Object.entries(statements)) {
    const found = await findingsOf(name)
    const safe = found.find(({ errorCode }) => errorCode === proved)
    const count = Number(safe?.message.match(/(\d+) verification/)?.[1] ?? 0)
    const violations = found.filter(
      ({ errorCode = '' }) => errorCode !== proved && !saysNothing.has(errorCode),
    )
    for (const { formattedMessage, message } of violations) console.error(formattedMessage ?? message)
    console.log(`${name}: ${count} of ${expected} conditions proved, ${violations.length} not`)
    if (violations.length > 0 || count < expected) process.exitCode = 1
  }
