import { expect, it } from 'vitest'
import type { Address } from '#std/brand.ts'
import { ParatiiError } from '#std/error.ts'
import { findUsedAccounts } from './used-accounts.ts'

const addressOf = async (index: number) => `0x${index}` as string as Address
const search = (...used: number[]) =>
  findUsedAccounts(addressOf, async address => used.includes(Number(address.slice(2))))

it('finds the accounts that were used before, over gaps of four and no further', async () => {
  expect(await search()).toEqual([])
  expect(await search(1, 2, 7, 12)).toEqual([1, 2, 7, 12])
  expect(await search(1, 7)).toEqual([1])
})

it('says so when the chain cannot be asked', async () => {
  const away = async () => Promise.reject(new ParatiiError('chain-unreachable'))
  await expect(findUsedAccounts(addressOf, away)).rejects.toMatchObject({ code: 'chain-unreachable' })
})
