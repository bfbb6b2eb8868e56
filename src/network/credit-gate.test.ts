import { describe, expect, it } from 'vitest'
import { CreditGate } from './credit-gate.ts'

const mebibyte = 1_048_576
const forever = new AbortController().signal

describe('who watches the credit of a purchase', () => {
  it('is told when somebody begins to wait for a receipt', () => {
    const gate = new CreditGate(100 * mebibyte, 0)
    const told: number[] = []
    gate.watch(outstanding => told.push(outstanding), forever)
    gate.ask(gate.nextStream(), mebibyte, () => {})
    gate.ask(gate.nextStream(), mebibyte, () => {})
    expect(told).toEqual([mebibyte])
  })

  it('is told at once of those who wait already: the one who watched before may have gone unheard', () => {
    const gate = new CreditGate(100 * mebibyte, 0)
    gate.ask(gate.nextStream(), mebibyte, () => {})
    gate.ask(gate.nextStream(), mebibyte, () => {})
    const told: number[] = []
    gate.watch(outstanding => told.push(outstanding), forever)
    expect(told).toEqual([mebibyte])
  })
})
