// A Hardhat project whose only network is the devnet. Its tests deploy what `artifact.json` holds, so that no compiler is fetched.
require('@nomicfoundation/hardhat-chai-matchers');
require('@nomicfoundation/hardhat-ignition-ethers');

module.exports = {
  solidity: '0.8.24',
  defaultNetwork: 'devnet',
  networks: { devnet: { url: process.env.DEVNET_URL } },
};
