import { Interface } from 'ethers'
import { describe, expect, it } from 'vitest'
import { ParatiiError } from '#std/error.ts'
import { errorCodes } from '#std/error-codes.ts'
import { paratiiTokenAbi } from './bindings/paratii-token.ts'
import { videoStoreAbi } from './bindings/video-store.ts'
import { decodeContractError, listContractErrors } from './contract-error.ts'

const reverted = (data: string) => new ParatiiError('transaction-failed', { data })
const zero = `0x${'00'.repeat(32)}`

describe('what a contract reverted with', () => {
  it('becomes the code that people and policies know, with the error’s name', () => {
    const data = new Interface(videoStoreAbi).encodeErrorResult('VideoStore_TermsChanged', [zero, zero])
    expect(decodeContractError(reverted(data))).toMatchObject({
      code: 'terms-changed',
      details: { error: 'VideoStore_TermsChanged' },
    })
  })

  it('is known of inherited contracts too', () => {
    const token = new Interface(paratiiTokenAbi)
    const data = token.encodeErrorResult('ERC20InsufficientBalance', [zero.slice(0, 42), 0, 1])
    expect(decodeContractError(reverted(data))).toMatchObject({ code: 'balance-too-low' })
  })

  it('has a code, whichever custom error of whichever contract it is', () => {
    const errors = listContractErrors()
    expect(errors.filter(([, code]) => code === undefined || !(code in errorCodes))).toEqual([])
    expect(errors.length).toBeGreaterThan(80)
  })

  it('has a code of its own where it is an error of ours', () => {
    const vague = listContractErrors().filter(
      ([name, code]) => code === 'transaction-failed' && /^[A-Z][A-Za-z]+_/.test(name),
    )
    expect(vague.map(([name]) => name)).toEqual(['ParatiiAvatar_Refused', 'SendEther_Refused'])
  })

  it('is left as it is where nobody knows it', () => {
    for (const thrown of [
      reverted('0x12345678'),
      reverted('0x'),
      new ParatiiError('chain-unreachable'),
      'text',
    ]) {
      expect(decodeContractError(thrown)).toBe(thrown)
    }
  })
})
