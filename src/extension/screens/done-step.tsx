import type { ReactElement } from 'react'
import type { WalletState } from '#bridge/shapes.ts'
import { CopyButton } from '#ui/copy-button.tsx'
import { text } from '#ui/texts.ts'
import { fundingLink } from './funding-link.ts'
import { StepFrame } from './step-frame.tsx'

/** Where the wallet stands, and what comes next: PTI on its address. */
export function DoneStep({ wallet }: { readonly wallet: WalletState }): ReactElement {
  if (wallet.status === 'absent') return <p>{text('error_wallet_absent')}</p>
  const { fundingUrl } = wallet.network
  return (
    <StepFrame
      title={text('doneTitle')}
      lead={text('doneLead')}
      action={text('doneAction')}
      next={() => window.close()}
    >
      <div className="stack card">
        <h2>{text('yourAddress')}</h2>
        <code className="address" data-testid="address">
          {wallet.address}
        </code>
        <div className="row">
          <CopyButton value={wallet.address} label={text('copyAddress')} />
          {fundingUrl !== undefined && (
            <a href={fundingLink(fundingUrl, wallet.address)} target="_blank" rel="noreferrer">
              {text('getPti')}
            </a>
          )}
        </div>
      </div>
    </StepFrame>
  )
}
