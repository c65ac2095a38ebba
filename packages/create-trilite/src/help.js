'use strict';

const helpText = `
  Makes a new Trilite application.

  Usage: npm create trilite <folder> [-- options]
         create-trilite <folder> [options]

  Options:
    --name <name>            The name in package.json; by default the folder's name
    --framework <from>       Folder, tarball or version range of trilite; by default this version's range
    --install, --no-install  Whether to run "npm install"; asked on a terminal, else no
    --git, --no-git          Whether to run "git init"; asked on a terminal, else no
    --yes                    Ask nothing and take the defaults
    --help                   Show this text
    --version                Show the version of create-trilite

`;

module.exports = { helpText };
