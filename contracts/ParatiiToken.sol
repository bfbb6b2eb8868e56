// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC1363} from "@openzeppelin/contracts/token/ERC20/extensions/ERC1363.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

/// @title PTI, the token of Paratii
/// @notice ERC-20 with 18 decimals and a supply of 21,000,000 that nobody can change; permits (ERC-2612), transfers by
/// signature (ERC-3009) and transfers that call their receiver (ERC-1363).
/// @dev Nobody owns the contract. Its EIP-712 domain is {name "Paratii", version "1", chainId, this contract}.
contract ParatiiToken is ERC20, ERC20Permit, ERC1363, ERC3009 {
    /// @param holder The account that receives the whole supply.
    constructor(address holder) ERC20("Paratii", "PTI") ERC20Permit("Paratii") {
        _mint(holder, 21_000_000 ether);
    }
}
