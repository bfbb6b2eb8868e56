import type { ReactElement } from 'react'
import type { WalletState } from '#bridge/shapes.ts'
import { askBackground } from '#ui/background.ts'
import { Button } from '#ui/button.tsx'
import { Icon } from '#ui/icon.tsx'
import { Notice } from '#ui/notice.tsx'
import { shortAddress } from '#ui/short-text.ts'
import { text } from '#ui/texts.ts'
import { Screen } from './screen.tsx'
import { useAsking } from './use-asking.ts'

type AccountsProps = {
  readonly wallet: Exclude<WalletState, { status: 'absent' }>
  readonly back: () => void
}

export function AccountsScreen({ wallet, back }: AccountsProps): ReactElement {
  const { busy, failure, run } = useAsking()
  return (
    <Screen title={text('accounts')} back={back}>
      <p className="quiet small">{text('accountsLead')}</p>
      <ul className="stack tight">
        {wallet.accounts.map(({ index, address }) => (
          <li key={index}>
            <button
              type="button"
              className="button wide entry-button"
              aria-pressed={address === wallet.address}
              disabled={busy}
              onClick={() => void run(async () => void (await askBackground('account-use', { index })))}
            >
              <span className="title">
                {text('accountNumber', String(index + 1))}{' '}
                <code title={address}>{shortAddress(address)}</code>
              </span>
              {address === wallet.address && <Icon name="check" />}
            </button>
          </li>
        ))}
      </ul>
      {failure !== undefined && <Notice loss>{failure}</Notice>}
      <Button busy={busy} onClick={() => void run(async () => void (await askBackground('account-add', {})))}>
        {text('accountAdd')}
      </Button>
    </Screen>
  )
}
