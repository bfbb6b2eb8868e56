/**
 * What one guess at a vault's password costs at several costs of scrypt: time and memory, as the wallet pays them.
 *
 *   npm run bench:vault      prints JSON
 */
import { cpus } from 'node:os'
import { argon2id } from '@noble/hashes/argon2.js'
import { randomSystem } from '#adapters/random-system.ts'
import { createPhrase } from '#wallet/phrase.ts'
import { openVault, sealVault, vaultCost } from '#wallet/vault.ts'
import { medianOf, roundTo } from './machine.ts'

const rounds = 3
const rows = []
for (const n of [2 ** 15, 2 ** 16, 2 ** 17, 2 ** 18]) {
  const cost = { ...vaultCost, n }
  const vault = await sealVault(createPhrase(randomSystem), 'correct horse', randomSystem, cost)
  const times: number[] = []
  for (let round = 0; round < rounds; round++) {
    const startedAtMs = performance.now()
    await openVault(vault, 'correct horse')
    times.push(performance.now() - startedAtMs)
  }
  rows.push({
    ...cost,
    memoryMiB: (128 * cost.r * n) / 2 ** 20,
    medianMs: roundTo(medianOf(times), 0),
    isUsed: n === vaultCost.n,
  })
}
const startedAtMs = performance.now()
argon2id('correct horse', randomSystem.bytes(16), { t: 1, m: 2 ** 16, p: 1 })
// The alternative, with half the memory that is used.
const argon2idOf64MiBMs = roundTo(performance.now() - startedAtMs, 0)
console.log(JSON.stringify({ bench: 'vault', cpu: cpus()[0]?.model.trim(), rounds, rows, argon2idOf64MiBMs }))
