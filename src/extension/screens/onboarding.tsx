import '../../ui/theme.css'
import './onboarding.css'
import { type ReactElement, useEffect, useState } from 'react'
import type { WalletState } from '#bridge/shapes.ts'
import { askBackground } from '#ui/background.ts'
import { nameDocument } from '#ui/document-language.ts'
import { text } from '#ui/texts.ts'
import type { Phrase } from '#wallet/phrase.ts'
import { ConfirmStep } from './confirm-step.tsx'
import { DoneStep } from './done-step.tsx'
import { ImportStep } from './import-step.tsx'
import { NetworkStep } from './network-step.tsx'
import { PasswordStep } from './password-step.tsx'
import { PhraseStep } from './phrase-step.tsx'
import { WelcomeStep } from './welcome-step.tsx'

type Step =
  | { readonly name: 'welcome' }
  | { readonly name: 'phrase' }
  | { readonly name: 'confirm'; readonly phrase: Phrase }
  | { readonly name: 'import' }
  | { readonly name: 'password'; readonly phrase: Phrase; readonly isBackedUp: boolean }
  | {
      readonly name: 'network'
      readonly phrase: Phrase
      readonly password: string
      readonly isBackedUp: boolean
    }
  | { readonly name: 'done'; readonly wallet: WalletState }

const stepNumbers: Partial<Record<Step['name'], string>> = {
  phrase: '1',
  confirm: '1',
  import: '1',
  password: '2',
  network: '3',
}

/** Somebody forgot the password of the wallet that is there. */
const isRestore = new URLSearchParams(location.search).has('restore')

/** From nothing to a wallet, in under a minute: phrase, password, network. */
export function Onboarding(): ReactElement {
  const [step, setStep] = useState<Step>()
  useEffect(() => {
    nameDocument(text('onboardingTitle'))
    void askBackground('wallet-state', {}).then(wallet =>
      setStep(
        wallet.status === 'absent'
          ? { name: 'welcome' }
          : isRestore
            ? { name: 'import' }
            : { name: 'done', wallet },
      ),
    )
  }, [])
  if (step === undefined) return <main className="onboarding" aria-busy="true" />
  const number = stepNumbers[step.name]
  return (
    <main className="onboarding">
      <img className="mark" src={chrome.runtime.getURL('mark.svg')} alt="" width="40" height="40" />
      {number !== undefined && <p className="quiet small">{text('stepOf', number, isRestore ? '2' : '3')}</p>}
      <StepView step={step} go={setStep} />
    </main>
  )
}

function StepView({ step, go }: { readonly step: Step; readonly go: (step: Step) => void }): ReactElement {
  const welcome = (): void => go({ name: 'welcome' })
  switch (step.name) {
    case 'welcome':
      return <WelcomeStep create={() => go({ name: 'phrase' })} bring={() => go({ name: 'import' })} />
    case 'phrase':
      return (
        <PhraseStep
          back={welcome}
          next={phrase => go({ name: 'confirm', phrase })}
          later={phrase => go({ name: 'password', phrase, isBackedUp: false })}
        />
      )
    case 'confirm':
      return (
        <ConfirmStep
          phrase={step.phrase}
          back={() => go({ name: 'phrase' })}
          next={() => go({ name: 'password', phrase: step.phrase, isBackedUp: true })}
        />
      )
    case 'import':
      return (
        <ImportStep
          {...(isRestore ? {} : { back: welcome })}
          next={phrase => go({ name: 'password', phrase, isBackedUp: true })}
        />
      )
    case 'password':
      return (
        <PasswordStep
          back={isRestore ? () => go({ name: 'import' }) : welcome}
          next={async password => {
            const { phrase, isBackedUp } = step
            if (isRestore)
              go({ name: 'done', wallet: await askBackground('wallet-restore', { phrase, password }) })
            else go({ name: 'network', phrase, password, isBackedUp })
          }}
        />
      )
    case 'network':
      return (
        <NetworkStep
          back={() => go({ name: 'password', phrase: step.phrase, isBackedUp: step.isBackedUp })}
          next={async choice => {
            const { phrase, password, isBackedUp } = step
            const wallet = await askBackground('wallet-create', { phrase, password, isBackedUp, ...choice })
            go({ name: 'done', wallet })
          }}
        />
      )
    case 'done':
      return <DoneStep wallet={step.wallet} />
  }
}
