// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ownable, Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";

/// @title The one address a client is configured with
/// @notice Maps names to the addresses, numbers and texts of this deployment. Its owner changes in two steps.
/// @dev Absent names read as zero or empty. Names are compared byte for byte.
contract ParatiiRegistry is Ownable2Step {
    mapping(string name => address) private _addresses;
    mapping(string name => uint256) private _uints;
    mapping(string name => string) private _strings;

    /// @notice `name` now maps to `value`; zero means that the entry was removed.
    event AddressSet(string name, address indexed value);
    /// @notice `name` now maps to the number `value`; zero means that the entry was removed.
    event UintSet(string name, uint256 value);
    /// @notice `name` now maps to the text `value`; empty means that the entry was removed.
    event StringSet(string name, string value);

    /// @param owner The account that may set entries.
    constructor(address owner) Ownable(owner) {}

    /// @notice Maps `name` to an address.
    function setAddress(string calldata name, address value) external onlyOwner {
        _addresses[name] = value;
        emit AddressSet(name, value);
    }

    /// @notice Maps `name` to a number.
    function setUint(string calldata name, uint256 value) external onlyOwner {
        _uints[name] = value;
        emit UintSet(name, value);
    }

    /// @notice Maps `name` to a text.
    function setString(string calldata name, string calldata value) external onlyOwner {
        _strings[name] = value;
        emit StringSet(name, value);
    }

    /// @notice Removes the address of `name`.
    function unsetAddress(string calldata name) external onlyOwner {
        delete _addresses[name];
        emit AddressSet(name, address(0));
    }

    /// @notice Removes the number of `name`.
    function unsetUint(string calldata name) external onlyOwner {
        delete _uints[name];
        emit UintSet(name, 0);
    }

    /// @notice Removes the text of `name`.
    function unsetString(string calldata name) external onlyOwner {
        delete _strings[name];
        emit StringSet(name, "");
    }

    /// @notice The address that `name` maps to, or zero.
    function addressOf(string calldata name) external view returns (address) {
        return _addresses[name];
    }

    /// @notice The number that `name` maps to, or zero.
    function uintOf(string calldata name) external view returns (uint256) {
        return _uints[name];
    }

    /// @notice The text that `name` maps to, or the empty text.
    function stringOf(string calldata name) external view returns (string memory) {
        return _strings[name];
    }
}
